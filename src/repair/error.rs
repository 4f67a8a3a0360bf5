//! Why an order was not made or moved.

use crate::journal::JournalError;
use crate::model::{Text, text};

use super::types::State;

/// Why an order was not made or moved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RepairError {
    /// No such device is configured.
    #[error("no device `{0}`")]
    UnknownDevice(String),
    /// No such order, or it was closed long ago.
    #[error("no order `{0}`")]
    UnknownOrder(String),
    /// The device has an open order for the same fault.
    #[error("`{device}` has the open order `{order}` for this already")]
    AlreadyOpen {
        /// The device.
        device: String,
        /// The open order.
        order: String,
    },
    /// There is no way from the one state to the other.
    #[error("order `{order}` is `{}`: it cannot become `{}`", from.as_str(), to.as_str())]
    NoWay {
        /// The order.
        order: String,
        /// Its state.
        from: State,
        /// The state that was asked for.
        to: State,
    },
    /// The step needs to say something that it does not.
    #[error("`{}` needs `{missing}`", state.as_str())]
    Missing {
        /// The state that was asked for.
        state: State,
        /// The field.
        missing: &'static str,
    },
    /// The order has as many steps as an order may have.
    #[error("order `{0}` has too many steps")]
    TooLong(String),
    /// The journal did not keep it.
    #[error("the order could not be kept")]
    NotKept(#[source] JournalError),
    /// The program is stopping, or too many wait.
    #[error("the orders do not answer")]
    Busy,
}

impl RepairError {
    /// What is wrong, for people.
    #[must_use]
    pub fn text(&self) -> Text {
        let zh = match self {
            Self::UnknownDevice(id) => format!("没有设备 `{id}`"),
            Self::UnknownOrder(id) => format!("没有工单 `{id}`"),
            Self::AlreadyOpen { device, order } => {
                format!("`{device}` 的同一故障已有未结工单 `{order}`")
            }
            Self::NoWay { order, from, to } => {
                format!("工单 `{order}` 现为“{}”，不能改为“{}”", from.text().zh, to.text().zh)
            }
            Self::Missing { state, missing } => {
                format!("“{}”需要填写 `{missing}`", state.text().zh)
            }
            Self::TooLong(id) => format!("工单 `{id}` 的步骤过多"),
            Self::NotKept(_) => "工单没有保存".to_owned(),
            Self::Busy => "工单服务没有应答".to_owned(),
        };
        Text::new(zh, self.to_string())
    }

    /// What a person can do about it.
    #[must_use]
    pub fn hint(&self) -> Text {
        match self {
            Self::UnknownDevice(_) | Self::UnknownOrder(_) => {
                Text::new("检查编号；名称可能已改变", "check the id; a name may have changed")
            }
            Self::AlreadyOpen { order, .. } => {
                text!("请在工单 `{order}` 上继续处理", "go on with order `{order}`",)
            }
            Self::NoWay { from, .. } => ways(*from),
            Self::Missing { missing: "to", .. } => Text::new(
                "`to` 写维保单位的 id，或人员姓名",
                "write the id of a vendor or a person's name as `to`",
            ),
            Self::Missing { .. } => Text::new("请写明原因", "say why"),
            Self::TooLong(_) => {
                Text::new("请关闭此工单，另开一张", "close this order and open another one")
            }
            Self::NotKept(_) => {
                Text::new("磁盘写不进去，没有保存", "the disk takes no data; it was not kept")
            }
            Self::Busy => Text::new("稍后再试", "try again in a moment"),
        }
    }
}

/// What is possible from a state.
fn ways(from: State) -> Text {
    if from.next().is_empty() {
        return Text::new("此工单已结束，请另开一张", "it is over; open another order");
    }
    let zh: Vec<String> = from.next().iter().map(|state| state.text().zh).collect();
    let en: Vec<String> = from
        .next()
        .iter()
        .map(|state| format!("{} (`{}`)", state.text().en, state.as_str()))
        .collect();
    Text::new(format!("可以改为：{}", zh.join("、")), format!("possible: {}", en.join(", ")))
}
