//! Register points: where a value sits and how its words become a number.

use std::collections::BTreeMap;

use crate::model::{Decimal, PointName};

/// The two read functions for 16-bit registers. There is no write function in this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Function {
    /// Function 3.
    Holding,
    /// Function 4.
    Input,
}

/// Which word of a 32- or 64-bit value comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WordOrder {
    /// Most significant word first: what most devices do.
    HighFirst,
    /// Least significant word first: Sungrow.
    LowFirst,
}

impl WordOrder {
    /// The bits of some words, up to four.
    #[must_use]
    pub fn join(self, words: &[u16]) -> u64 {
        let join = |bits: u64, word: &u16| (bits << 16) | u64::from(*word);
        match self {
            Self::HighFirst => words.iter().fold(0, join),
            Self::LowFirst => words.iter().rev().fold(0, join),
        }
    }
}

/// How the words of a point are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Number {
    /// 16 bits, unsigned.
    U16,
    /// 16 bits, signed.
    I16,
    /// 32 bits, unsigned.
    U32,
    /// 32 bits, signed.
    I32,
    /// 64 bits, unsigned.
    U64,
    /// 64 bits, signed.
    I64,
    /// IEEE 754, 32 bits.
    F32,
    /// IEEE 754, 64 bits.
    F64,
    /// Text of this many registers, cut at the first NUL.
    String(u16),
    /// A SunSpec accumulator of 64 bits: from 2^63 on it is not valid.
    Acc64,
    /// A SunSpec bit field of this many registers. Its highest bit means that the others do not
    /// count (SunSpec Information Models, document 12041).
    Bits(u16),
    /// An address of a network, shown as people write it.
    Address(AddressKind),
}

/// Addresses that SunSpec has types for. None is set where all bytes are zero, or all ones in a
/// hardware address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AddressKind {
    /// `ipaddr`, two registers.
    Ip4,
    /// `ipv6addr`, eight registers.
    Ip6,
    /// `eui48`, four registers, of which the last three count.
    Mac,
}

impl Number {
    /// Registers that it takes.
    #[must_use]
    pub const fn words(self) -> u16 {
        match self {
            Self::U16 | Self::I16 => 1,
            Self::U32 | Self::I32 | Self::F32 => 2,
            Self::U64 | Self::I64 | Self::F64 | Self::Acc64 => 4,
            Self::String(words) | Self::Bits(words) => words,
            Self::Address(AddressKind::Ip4) => 2,
            Self::Address(AddressKind::Mac) => 4,
            Self::Address(AddressKind::Ip6) => 8,
        }
    }

    /// The bits of a number in this width; TOML has no numbers of 64 bits without a sign.
    #[must_use]
    pub const fn pattern(self, number: i64) -> u64 {
        match (number.cast_unsigned(), self.words()) {
            (bits, 1) if number < 0 => bits & 0xFFFF,
            (bits, 2) if number < 0 => bits & 0xFFFF_FFFF,
            (bits, _) => bits,
        }
    }

    /// The integer of a bit pattern, where it is one and fits.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap)]
    pub fn whole(self, bits: u64) -> Option<i64> {
        match self {
            Self::I16 => Some(i64::from(bits as i16)),
            Self::I32 => Some(i64::from(bits as i32)),
            Self::I64 => Some(bits as i64),
            Self::U16 | Self::U32 | Self::U64 | Self::Acc64 | Self::Bits(_) => {
                i64::try_from(bits).ok()
            }
            Self::F32 | Self::F64 | Self::String(_) | Self::Address(_) => None,
        }
    }

    /// The number of a bit pattern as a float; NaN for a text.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
    pub fn float(self, bits: u64) -> f64 {
        match self {
            // As it is written: 230.1, not 230.10000610351563.
            Self::F32 => {
                let value = f32::from_bits(bits as u32);
                value.to_string().parse().unwrap_or(f64::from(value))
            }
            Self::F64 => f64::from_bits(bits),
            Self::U64 => bits as f64,
            Self::String(_) | Self::Address(_) => f64::NAN,
            _ => self.whole(bits).map_or(f64::NAN, |whole| whole as f64),
        }
    }
}

/// What an integer is multiplied by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ScaleBy {
    /// A fixed decimal.
    Fixed(Decimal),
    /// A fixed decimal, and ten to the power of the i16 register at this address, which is read
    /// in the same request. A scale of 0x8000 makes the value not available.
    Register {
        /// The fixed part (a change of unit).
        fixed: Decimal,
        /// Address of the exponent.
        address: u16,
    },
}

/// What the number means.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Meaning {
    /// A measured quantity.
    Measure,
    /// A text.
    Text,
    /// Vendor code -> code of the standard vocabulary.
    Enumeration(BTreeMap<i64, i64>),
    /// Bit number -> fault code; bits that no source names get a code of their own.
    FaultBits(BTreeMap<u8, String>),
    /// A number that is itself the fault; 0 and the listed values mean none.
    FaultNumber {
        /// Vendor number -> fault code of the table; others are `code-<number>`.
        codes: BTreeMap<i64, String>,
    },
}

/// A register that takes a point's value away: a voltage that is phase or line voltage by the type
/// of the output, a fault number that keeps the last fault after it is over.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NoneWhile {
    /// The register, read in the same cycle with the same function.
    pub address: u16,
    /// While it holds one of these the point has no value; a fault point says "no fault".
    pub words: Vec<u16>,
}

/// One point in a table of registers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RegisterPoint {
    /// Standard name, or `vendor_…`.
    pub name: PointName,
    /// The vendor's own name of it, for people who hold the manual.
    pub vendor: String,
    /// First register, as sent on the wire (0-based).
    pub address: u16,
    /// How the words become a number.
    pub number: Number,
    /// Order of the words.
    pub order: WordOrder,
    /// Multiplier.
    pub scale: ScaleBy,
    /// Raw patterns that mean "no value". Compared with the bits, before the sign.
    pub not_available: Vec<u64>,
    /// What the number means.
    pub meaning: Meaning,
    /// When the registers do not count.
    pub none_while: Option<NoneWhile>,
}

impl RegisterPoint {
    /// First address after the point.
    #[must_use]
    pub const fn end(&self) -> u32 {
        self.address as u32 + self.number.words() as u32
    }
}

/// Points that belong together and share a function code.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Name in messages.
    pub id: String,
    /// How it is read.
    pub function: Function,
    /// Read in every n-th cycle; 1 is always. Serial numbers need no reading every 10 s.
    pub every: u32,
    /// A device that refuses this table is still well.
    pub optional: bool,
    /// Document and page.
    pub source: String,
    /// Registers, first and last, that the device refuses: never read, not even read through.
    pub holes: Vec<(u16, u16)>,
    /// The points.
    pub points: Vec<RegisterPoint>,
}

/// Discipline on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BusRules {
    /// TCP port where the configuration names none.
    pub port: u16,
    /// Unit id where the configuration names none.
    pub unit: u8,
    /// Longest read, 1 to 125.
    pub registers_per_read_max: u16,
    /// Registers nobody asked for that may be read to join two blocks.
    pub read_through_max: u16,
    /// No read crosses a multiple of this; 0 for devices without such windows.
    pub window_registers: u16,
    /// Silence between an answer and the next question, milliseconds.
    pub gap_ms: u32,
    /// Silence after the connection is made, milliseconds.
    pub pause_after_connect_ms: u32,
    /// Longest wait for an answer, milliseconds.
    pub timeout_ms: u32,
    /// Connections that the device bears; all its units share one here.
    pub connections_max: u16,
    /// Close the connection after each cycle (devices that reboot otherwise); units that are due
    /// together share one.
    pub close_after_cycle: bool,
}

/// Longest read that the Modbus specification allows.
pub(crate) const REGISTERS_PER_READ_LIMIT: u16 = 125;
