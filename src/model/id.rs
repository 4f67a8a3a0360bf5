//! Names of things: short, checked once, cheap to copy.

use std::fmt;
use std::sync::Arc;

use super::Text;

/// Longest id, in bytes: ids become topic levels, tag values and file names.
const ID_BYTES_MAX: usize = 64;

/// An id that is not fit to be a topic level, a tag value and a file name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Nothing in it.
    #[error("an id must not be empty")]
    Empty,
    /// Longer than 64 bytes.
    #[error("`{0}` is longer than 64 characters")]
    TooLong(String),
    /// A character outside `a-z 0-9 - _ .`
    #[error("`{id}` holds the character `{found}`; an id is made of a-z, 0-9, `-`, `_` and `.`")]
    Character {
        /// The whole id.
        id: String,
        /// The first character that does not belong.
        found: char,
    },
}

impl IdError {
    /// What is wrong, for people.
    #[must_use]
    pub fn text(&self) -> Text {
        let zh = match self {
            Self::Empty => "id 不能为空".to_owned(),
            Self::TooLong(id) => format!("`{id}` 超过 {ID_BYTES_MAX} 个字符"),
            Self::Character { id, found } => {
                format!("`{id}` 含有字符 `{found}`；id 只能由 a-z、0-9、`-`、`_` 和 `.` 组成")
            }
        };
        Text::new(zh, self.to_string())
    }
}

fn check(id: &str) -> Result<(), IdError> {
    if id.is_empty() {
        return Err(IdError::Empty);
    }
    if id.len() > ID_BYTES_MAX {
        return Err(IdError::TooLong(id.chars().take(ID_BYTES_MAX).collect()));
    }
    let fits =
        |c: &char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
    match id.chars().find(|c| !fits(c)) {
        Some(found) => Err(IdError::Character { id: id.to_owned(), found }),
        None => Ok(()),
    }
}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $type(Arc<str>);

        impl $type {
            /// Checks the characters and the length.
            ///
            /// # Errors
            /// [`IdError`] names the first thing that is wrong.
            pub fn parse(id: &str) -> Result<Self, IdError> {
                check(id)?;
                Ok(Self(Arc::from(id)))
            }

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }

        impl std::borrow::Borrow<str> for $type {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

name! {
    /// One device: an inverter, a meter, a kiosk, or `gateway`, which is hallwatch itself.
    DeviceId
}
name! {
    /// One zone of the building: the roof, a hall, the 24-hour zone.
    ZoneId
}
name! {
    /// One measured point, a standard name such as `ac_power_w` or `vendor_<name>`.
    PointName
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_checked_once() {
        assert!(DeviceId::parse("inv-01.a_b").is_ok());
        assert_eq!(DeviceId::parse(""), Err(IdError::Empty));
        assert!(matches!(DeviceId::parse("inv/01"), Err(IdError::Character { found: '/', .. })));
        assert!(matches!(DeviceId::parse(&"x".repeat(65)), Err(IdError::TooLong(_))));
        assert!(matches!(DeviceId::parse("取号机"), Err(IdError::Character { found: '取', .. })));
    }
}
