//! How the words of the model stand in the JSON of orders.

/// A moment as milliseconds.
pub(super) mod time {
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::model::Timestamp;

    #[allow(clippy::trivially_copy_pass_by_ref)] // as serde calls it
    pub(in crate::repair) fn serialize<S: Serializer>(
        time: &Timestamp,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.serialize_i64(time.ms())
    }

    pub(in crate::repair) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Timestamp, D::Error> {
        i64::deserialize(from).map(Timestamp::from_ms)
    }
}

/// A moment that may not have come.
pub(super) mod time_if {
    use serde::{Deserialize, Deserializer, Serialize as _, Serializer};

    use crate::model::Timestamp;

    #[allow(clippy::ref_option, clippy::trivially_copy_pass_by_ref)] // as serde calls it
    pub(in crate::repair) fn serialize<S: Serializer>(
        time: &Option<Timestamp>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        time.map(Timestamp::ms).serialize(to)
    }

    pub(in crate::repair) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Timestamp>, D::Error> {
        Option::<i64>::deserialize(from).map(|ms| ms.map(Timestamp::from_ms))
    }
}

/// A text in both languages.
pub(super) mod text {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::model::Text;

    #[derive(Serialize, Deserialize)]
    struct Both {
        zh: String,
        en: String,
    }

    pub(in crate::repair) fn serialize<S: Serializer>(
        text: &Text,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        Both { zh: text.zh.clone(), en: text.en.clone() }.serialize(to)
    }

    pub(in crate::repair) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Text, D::Error> {
        Both::deserialize(from).map(|Both { zh, en }| Text::new(zh, en))
    }
}

/// Ids and words that are checked when they are read back.
macro_rules! word {
    ($name:ident, $type:ty, $parse:expr) => {
        pub(super) mod $name {
            use serde::de::Error as _;
            use serde::{Deserialize, Deserializer, Serializer};

            #[allow(clippy::trivially_copy_pass_by_ref)] // as serde calls it
            pub(in crate::repair) fn serialize<S: Serializer>(
                word: &$type,
                to: S,
            ) -> Result<S::Ok, S::Error> {
                to.serialize_str(word.as_str())
            }

            pub(in crate::repair) fn deserialize<'de, D: Deserializer<'de>>(
                from: D,
            ) -> Result<$type, D::Error> {
                let word = String::deserialize(from)?;
                $parse(&word).ok_or_else(|| D::Error::custom("not one of our words"))
            }
        }
    };
}
word!(device, crate::model::DeviceId, |word: &str| crate::model::DeviceId::parse(word).ok());
word!(zone, crate::model::ZoneId, |word: &str| crate::model::ZoneId::parse(word).ok());
word!(kind, crate::model::DeviceKind, crate::model::DeviceKind::parse);
