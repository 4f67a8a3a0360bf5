//! Why a message is refused.

use crate::model::{Text, text};

macro_rules! refusals {
    ($($variant:ident $word:literal $zh:literal $en:literal;)*) => {
        /// Why a message was refused. Nothing of it is kept.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, thiserror::Error)]
        pub enum Refusal {
            $(#[doc = $en] #[error($en)] $variant,)*
        }

        impl Refusal {
            /// All reasons.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The reason under which it is counted.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// In words for people.
            #[must_use]
            pub fn text(self) -> Text {
                match self { $(Self::$variant => Text::new($zh, $en),)* }
            }
        }
    };
}

refusals! {
    NotUtf8 "not_utf8" "不是 UTF-8 编码" "not UTF-8";
    NotJson "not_json" "不是 JSON，或嵌套过深" "not JSON, or nested too deeply";
    DuplicateKey "duplicate_key" "同一个键出现两次" "the same key twice in one object";
    NotSparkplug "not_sparkplug" "不是 Sparkplug B 消息" "not a message of Sparkplug B";
    ForeignId "foreign_id" "自称是另一台设备" "claims to be another device";
    ForeignTopic "foreign_topic" "声称使用别的设备的主题" "claims another device's topic";
    BadTime "bad_time" "保留消息的时间无法识别" "a kept message without a readable time";
    FutureTime "future_time" "保留消息的时间在未来" "a kept message from the future";
    AncientTime "ancient_time" "保留消息的时间在一年多以前" "a kept message from more than a year ago";
    RetainedWithoutTime "retained_without_time" "保留消息没有时间，不知是何时的" "a kept message that does not say from when it is";
    NothingKnown "nothing_known" "没有模板认得的字段" "no field that the profile knows";
    WrongField "wrong_field" "字段的值不对" "a field with a wrong value";
    NotDescribed "not_described" "设备还没有描述过这些数据" "the device has not described this data yet";
    Flood "flood" "消息过于频繁，超出部分已丢弃" "too many messages; the excess was dropped";
    TooLarge "too_large" "消息过大" "larger than what is taken";
}

impl Refusal {
    /// Reads the word back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|refusal| refusal.as_str() == word)
    }

    /// Somebody poses as somebody else.
    #[must_use]
    pub const fn is_spoofing(self) -> bool {
        matches!(self, Self::ForeignId | Self::ForeignTopic)
    }

    /// With what was seen.
    #[must_use]
    pub fn told(self, detail: &str) -> Text {
        let Text { zh, en } = self.text();
        match detail {
            "" => Text { zh, en },
            detail => text!("{zh}（`{detail}`）", "{en} (`{detail}`)"),
        }
    }
}
