//! What a device says about itself when it is asked for its identification (function 0x2B, type
//! 0x0E).

use std::collections::BTreeMap;

use super::question::{ILLEGAL_ADDRESS, ILLEGAL_FUNCTION, ILLEGAL_VALUE};

/// The only type of encapsulated question that is answered.
const READ_IDENTIFICATION: u8 = 0x0E;
/// Longest answer after the unit id, bytes.
const PDU_MAX: usize = 253;
/// Bytes before the first object.
const HEAD: usize = 7;
/// Longest value that fits beside the head and the object's own two bytes.
const VALUE_MAX: usize = PDU_MAX - HEAD - 2;

/// The objects of a device's identification, by their numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity(BTreeMap<u8, Vec<u8>>);

impl Identity {
    /// Object of the maker's name.
    pub const VENDOR: u8 = 0;
    /// Object of the product's code.
    pub const PRODUCT_CODE: u8 = 1;
    /// Object of the revision.
    pub const REVISION: u8 = 2;
    /// Object of the product's name.
    pub const PRODUCT_NAME: u8 = 4;
    /// Object of the model's name.
    pub const MODEL_NAME: u8 = 5;

    /// The three objects that every device with an identification has.
    #[must_use]
    pub fn new(vendor: &str, product_code: &str, revision: &str) -> Self {
        Self::default()
            .with(Self::VENDOR, vendor)
            .with(Self::PRODUCT_CODE, product_code)
            .with(Self::REVISION, revision)
    }

    /// One object more; 0x80 and above are the maker's own. What is longer than an answer is cut.
    #[must_use]
    pub fn with(mut self, object: u8, value: impl Into<Vec<u8>>) -> Self {
        let mut value = value.into();
        value.truncate(VALUE_MAX);
        self.0.insert(object, value);
        self
    }

    /// The answer after the function's byte, or the code of the refusal.
    pub(super) fn answer(&self, data: &[u8]) -> Result<Vec<u8>, u8> {
        let [kind, access, object] = *data else { return Err(ILLEGAL_VALUE) };
        if kind != READ_IDENTIFICATION {
            return Err(ILLEGAL_FUNCTION);
        }
        let level = match self.0.keys().next_back() {
            Some(0x80..) => 0x83,
            Some(3..) => 0x82,
            _ => 0x81,
        };
        let last = match access {
            1 => Self::REVISION,
            2 => 0x7F,
            3 => 0xFF,
            4 => {
                let value = self.0.get(&object).ok_or(ILLEGAL_ADDRESS)?;
                let mut body = vec![kind, access, level, 0, 0, 1];
                push(&mut body, object, value);
                return Ok(body);
            }
            _ => return Err(ILLEGAL_VALUE),
        };
        // A first object that is not there means the beginning, says the specification.
        let first = if self.0.contains_key(&object) && object <= last { object } else { 0 };
        let (mut objects, mut count, mut next) = (Vec::new(), 0_u8, None);
        for (object, value) in self.0.range(first..=last) {
            if HEAD + objects.len() + 2 + value.len() > PDU_MAX {
                next = Some(*object);
                break;
            }
            push(&mut objects, *object, value);
            count += 1;
        }
        let more = if next.is_some() { 0xFF } else { 0 };
        let mut body = vec![kind, access, level, more, next.unwrap_or(0), count];
        body.append(&mut objects);
        Ok(body)
    }
}

fn push(body: &mut Vec<u8>, object: u8, value: &[u8]) {
    body.extend([object, u8::try_from(value.len()).unwrap_or(u8::MAX)]);
    body.extend(value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_specification() {
        let identity = Identity::new("Company identification", "Product code XX", "V2.11");
        let answer = identity.answer(&[0x0E, 1, 0]).expect("answered");
        let mut expected = vec![0x0E, 1, 0x81, 0, 0, 3, 0, 0x16];
        expected.extend(b"Company identification");
        expected.extend([1, 0x0F]);
        expected.extend(b"Product code XX");
        expected.extend([2, 5]);
        expected.extend(b"V2.11");
        assert_eq!(answer, expected);
    }

    #[test]
    fn what_does_not_fit_comes_in_the_next_answer() {
        let identity =
            Identity::new("a", "b", "c").with(4, vec![b'x'; 200]).with(5, vec![b'y'; 90]);
        let first = identity.answer(&[0x0E, 2, 0]).expect("answered");
        assert_eq!(first[..6], [0x0E, 2, 0x82, 0xFF, 5, 4]);
        assert!(first.len() < PDU_MAX);
        let second = identity.answer(&[0x0E, 2, 5]).expect("answered");
        assert_eq!(second[..8], [0x0E, 2, 0x82, 0, 0, 1, 5, 90]);
    }

    #[test]
    fn single_objects_and_refusals() {
        let identity = Identity::new("a", "b", "c").with(0x87, *b"list");
        assert_eq!(
            identity.answer(&[0x0E, 4, 0x87]).expect("answered"),
            [0x0E, 4, 0x83, 0, 0, 1, 0x87, 4, b'l', b'i', b's', b't']
        );
        assert_eq!(identity.answer(&[0x0E, 4, 9]), Err(2));
        assert_eq!(identity.answer(&[0x0E, 5, 0]), Err(3));
        assert_eq!(identity.answer(&[0x0D, 1, 0]), Err(1));
        assert_eq!(identity.answer(&[0x0E]), Err(3));
    }
}
