//! The walk along the chain of models: id, length, the next model behind it.

use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;

use crate::source::modbus::error::ReadError;

/// `SunS`.
const MARKER: [u16; 2] = [0x5375, 0x6E53];
/// Id of the model that ends the map.
const END: u16 = 0xFFFF;
/// Models looked at before the walk gives up: the longest map on record has 18.
const MODELS_MAX: usize = 128;
/// Bases tried, whatever a profile lists.
const BASES_MAX: usize = 8;
/// Questions of one walk, at most: each base is asked for its mark, and if it has one for its first
/// model.
pub const READS_MAX: usize = 2 * BASES_MAX + MODELS_MAX;
/// Time after which what was found has to do: the other units of the bus wait.
const TIME_MAX: Duration = Duration::from_secs(60);

/// What the walk asks.
pub(in crate::source::modbus) trait Registers {
    /// Reads `count` holding registers from `start` on.
    fn read(
        &mut self,
        start: u16,
        count: u16,
    ) -> impl Future<Output = Result<Vec<u16>, ReadError>> + Send;
}

/// A model that the device has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FoundModel {
    /// Model id.
    pub model: u16,
    /// Address of its id register.
    pub address: u16,
    /// Registers after id and length, as the device says.
    pub length: u16,
}

/// Why a walk ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WalkEnd {
    /// At the end model, as the standard has it.
    EndModel,
    /// At a model 0, as some makers end their maps.
    ZeroModel,
    /// There is no register behind the last model.
    NoRegister,
    /// The device refused the next model with this Modbus exception.
    Refused(u8),
    /// The last model reaches beyond register 65535.
    OutOfSpace,
    /// Too many models: not a map, or one that never ends.
    TooMany,
    /// It took too long.
    TooSlow,
}

impl WalkEnd {
    /// All models were seen.
    #[must_use]
    pub const fn is_whole(self) -> bool {
        matches!(self, Self::EndModel | Self::ZeroModel | Self::NoRegister)
    }
}

/// The chain of models of a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SunspecMap {
    /// Where it begins.
    pub base: u16,
    /// The models in their order.
    pub models: Vec<FoundModel>,
    /// Why there are no more.
    pub end: WalkEnd,
}

/// Walks the models of a device; `Ok(None)` if it has no SunSpec map.
///
/// A base that is refused, however, does not keep the walk from the others: a device that fails
/// where it has no map may have one elsewhere. Silence does: it says nothing about the map.
pub(in crate::source::modbus) async fn walk(
    registers: &mut impl Registers,
    bases: &[u16],
) -> Result<Option<SunspecMap>, ReadError> {
    let started = Instant::now();
    let mut refused = None;
    for base in bases.iter().take(BASES_MAX) {
        let Some(first) = base.checked_add(2) else { continue };
        match registers.read(*base, 2).await {
            Ok(words) if words == MARKER => {}
            Ok(_) => continue,
            Err(error) if error.is_absent() => continue,
            Err(error) if error.is_refusal() => {
                refused = Some(error);
                continue;
            }
            Err(error) => return Err(error),
        }
        let (models, end) = chain(registers, first, started).await?;
        if !models.is_empty() {
            return Ok(Some(SunspecMap { base: *base, models, end }));
        }
    }
    // A base that was refused may hold the map: not knowing is not the same as having none.
    refused.map_or(Ok(None), Err)
}

async fn chain(
    registers: &mut impl Registers,
    mut address: u16,
    started: Instant,
) -> Result<(Vec<FoundModel>, WalkEnd), ReadError> {
    let mut models = Vec::new();
    while models.len() < MODELS_MAX {
        if started.elapsed() > TIME_MAX {
            return Ok((models, WalkEnd::TooSlow));
        }
        let head = match registers.read(address, 2).await {
            Ok(head) => head,
            Err(error) if error.is_absent() => return Ok((models, WalkEnd::NoRegister)),
            Err(ReadError::Exception(code)) if code_ends(code) && !models.is_empty() => {
                return Ok((models, WalkEnd::Refused(code)));
            }
            Err(error) => return Err(error),
        };
        let (model, length) = match head.as_slice() {
            [END, _] => return Ok((models, WalkEnd::EndModel)),
            [0, _] => return Ok((models, WalkEnd::ZeroModel)),
            [model, length] => (*model, *length),
            _ => return Err(ReadError::BadAnswer("a model without a length".to_owned())),
        };
        models.push(FoundModel { model, address, length });
        // Always forward: a length of nothing still passes id and length.
        let next = address.checked_add(2).and_then(|body| body.checked_add(length));
        match next.filter(|next| *next < u16::MAX) {
            Some(next) => address = next,
            None => return Ok((models, WalkEnd::OutOfSpace)),
        }
    }
    Ok((models, WalkEnd::TooMany))
}

/// A device failure (4) where there is no register is the answer of some devices. Busy (5, 6) will
/// pass, and a gateway that does not reach its device (10, 11) says nothing about the map.
const fn code_ends(code: u8) -> bool {
    !matches!(code, 5 | 6 | 0x0A | 0x0B)
}
