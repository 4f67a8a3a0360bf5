//! In which language a visitor reads, and a machine's state in a visitor's words.

use axum::http::{HeaderMap, header};

use crate::live::HealthState;
use crate::model::Text;
use crate::repair::State;
use crate::service::Condition;

/// The languages of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    Zh,
    En,
}

impl Language {
    /// The one that was chosen, else the first that the phone asks for, else Chinese.
    pub(super) fn of(chosen: Option<&str>, headers: &HeaderMap) -> Self {
        match chosen {
            Some("zh") => return Self::Zh,
            Some("en") => return Self::En,
            _ => {}
        }
        let asked = headers.get(header::ACCEPT_LANGUAGE).and_then(|asked| asked.to_str().ok());
        let mut asked = asked.unwrap_or_default().split(',').map(|tag| tag.trim().to_lowercase());
        let known = |tag: String| match tag.get(..2) {
            Some("zh") => Some(Self::Zh),
            Some("en") => Some(Self::En),
            _ => None,
        };
        asked.find_map(known).unwrap_or(Self::Zh)
    }

    /// As it stands in addresses.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Zh => "zh",
            Self::En => "en",
        }
    }

    /// As HTML names it.
    pub(super) const fn tag(self) -> &'static str {
        match self {
            Self::Zh => "zh-CN",
            Self::En => "en",
        }
    }

    pub(super) const fn other(self) -> Self {
        match self {
            Self::Zh => Self::En,
            Self::En => Self::Zh,
        }
    }

    /// The text in this language.
    pub(super) fn pick(self, text: &Text) -> &str {
        match self {
            Self::Zh => &text.zh,
            Self::En => &text.en,
        }
    }
}

/// How a machine is, in a visitor's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) text: Text,
    /// A colour of the page's style: `good`, `fair`, `bad` or `unknown`.
    pub(super) class: &'static str,
}

/// A machine for visitors: how it serves, whether it is being repaired, whether its zone is open.
pub(super) fn of_machine(condition: Condition, order: Option<State>, open: bool) -> Shown {
    let shown = |zh, en, class| Shown { text: Text::new(zh, en), class };
    if matches!(order, Some(State::Repairing | State::WaitingForPart)) {
        return shown("正在维修", "Under repair", "bad");
    }
    match condition {
        Condition::Maintenance => shown("计划维护中", "Under maintenance", "bad"),
        Condition::Down | Condition::Offline if order.is_some() => {
            shown("暂停服务，已报修", "Out of service, already reported", "bad")
        }
        Condition::Down | Condition::Offline => shown("暂停服务", "Out of service", "bad"),
        Condition::Degraded | Condition::Serving if !open => {
            shown("现在不在服务时间", "Closed at this hour", "fair")
        }
        Condition::Degraded => shown("部分服务可用", "Partly available", "fair"),
        Condition::Serving => shown("可用", "Available", "good"),
        Condition::Unknown => shown("状态未知", "State unknown", "unknown"),
    }
}

/// Anything else that has a label.
pub(super) fn of_device(state: HealthState, order: Option<State>) -> Shown {
    let shown = |zh, en, class| Shown { text: Text::new(zh, en), class };
    if matches!(order, Some(State::Repairing | State::WaitingForPart)) {
        return shown("正在维修", "Under repair", "bad");
    }
    match state {
        HealthState::Ok | HealthState::Asleep => shown("运行正常", "Working", "good"),
        HealthState::Degraded => shown("运行，有异常", "Working, with a fault", "fair"),
        HealthState::Fault | HealthState::Offline => shown("故障", "Out of order", "bad"),
        HealthState::Maintenance => shown("计划维护中", "Under maintenance", "bad"),
        HealthState::Waiting => shown("状态未知", "State unknown", "unknown"),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn the_language_is_the_chosen_one_or_that_of_the_phone() {
        let asked = |asked: &'static str, chosen| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_static(asked));
            Language::of(chosen, &headers)
        };
        assert_eq!(asked("en-GB,zh;q=0.8", None), Language::En);
        assert_eq!(asked("fr, zh-CN;q=0.9, en", None), Language::Zh);
        assert_eq!(asked("*;q=0.1, x", None), Language::Zh);
        assert_eq!(asked("zh-CN", Some("en")), Language::En);
        assert_eq!(asked("en", Some("<script>")), Language::En);
        assert_eq!(Language::of(None, &HeaderMap::new()), Language::Zh);
    }

    #[test]
    fn a_repair_goes_before_what_the_machine_says_and_hours_before_available() {
        let zh = |condition, order, open| of_machine(condition, order, open).text.zh;
        assert_eq!(zh(Condition::Serving, None, true), "可用");
        assert_eq!(zh(Condition::Serving, None, false), "现在不在服务时间");
        assert_eq!(zh(Condition::Serving, Some(State::Repairing), true), "正在维修");
        assert_eq!(zh(Condition::Down, None, true), "暂停服务");
        assert_eq!(zh(Condition::Down, Some(State::Assigned), true), "暂停服务，已报修");
        assert_eq!(zh(Condition::Serving, Some(State::Done), true), "可用");
        assert_eq!(of_device(HealthState::Fault, None).class, "bad");
    }
}
