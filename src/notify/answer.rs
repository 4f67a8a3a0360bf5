//! What became of a message.

use std::time::Duration;

use crate::model::Text;

/// What the other side says to a message, or why it says nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// It has it.
    Taken,
    /// It will never take this message: too long, or not in its form.
    Refused(Text),
    /// It takes no message of ours: a wrong key or signature, a robot that was removed. Somebody has
    /// to do something, so there is no hurry.
    Shut(Text),
    /// It takes no message for so long.
    Busy(Text, Duration),
    /// It could not be reached, or is out of order.
    Later(Text),
}

impl Answer {
    /// The answer to a message that went to several receivers one by one: `missed` is what was said
    /// of those who could not be reached. Whoever has it must not wait for them, and nor must the next
    /// message: it counts as refused.
    pub(super) fn of_several(missed: Option<Self>, reached: bool) -> Self {
        match missed {
            None => Self::Taken,
            Some(Self::Refused(why) | Self::Shut(why)) if reached => Self::Refused(why),
            Some(answer) => answer,
        }
    }

    /// The word for counters.
    pub(super) const fn as_str(&self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Refused(_) => "refused",
            Self::Shut(_) => "shut",
            Self::Busy(..) => "busy",
            Self::Later(_) => "unavailable",
        }
    }

    /// Why it was not taken.
    pub(super) const fn why(&self) -> Option<&Text> {
        match self {
            Self::Taken => None,
            Self::Refused(why) | Self::Shut(why) | Self::Busy(why, _) | Self::Later(why) => {
                Some(why)
            }
        }
    }
}
