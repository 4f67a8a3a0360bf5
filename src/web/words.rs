//! What the labels of the counters mean, for people.

use crate::model::{LinkFault, Text};
use crate::proof::Cause;

/// label, zh, en
const REJECTIONS: &[(&str, &str, &str)] = &[
    // registers
    ("exception", "设备返回异常码", "the device answered with an exception"),
    ("bad_answer", "应答与提问不符", "the answer does not fit the question"),
    ("unknown_word", "未知的状态值", "unknown word of an enumeration"),
    ("no_scale_factor", "缺少比例因子", "no scale factor in the answer"),
    ("no_condition", "缺少判断用的寄存器", "the register that the value depends on was not read"),
    ("bad_scale_factor", "比例因子超出范围", "impossible scale factor"),
    ("scale_factor_changed", "读取期间比例因子有变", "the scale factor changed while it was read"),
    ("void_bit_field", "状态字无效（最高位为 1）", "the bit field says that it does not count"),
    ("not_in_read", "应答中缺少该寄存器", "the answer does not hold the register"),
    ("bad_text", "文本无法识别", "text that cannot be read"),
    ("out_of_range", "数值超出可能范围", "value outside what is possible"),
    ("not_finite", "不是有效数字", "not a finite number"),
    // messages
    ("unknown_topic", "未知主题", "unknown topic"),
    ("not_utf8", "不是 UTF-8 文本", "not UTF-8"),
    ("not_json", "不是有效的 JSON", "not valid JSON"),
    ("foreign_id", "内容与主题中的设备不符", "claims to be another device than its topic"),
    ("wrong_field", "字段类型不符", "field of the wrong type"),
    ("nothing_known", "没有可识别的字段", "no field that the profile knows"),
    ("bad_time", "时间无法识别", "time that cannot be read"),
    ("future_time", "时间在未来：检查设备时钟", "time in the future: check the device's clock"),
    ("ancient_time", "设备时钟未校准", "the device's clock was never set"),
    ("retained_without_time", "保留消息没有时间", "retained message without a time"),
    ("queue_full", "接收队列已满", "the queue of messages is full"),
    ("subscription_refused", "消息服务器拒绝订阅", "the broker refuses a subscription"),
    ("other", "其他原因", "other reasons"),
];

/// What a Modbus exception means (Modbus application protocol, section 7).
pub(super) fn exception(code: u8) -> Text {
    let (zh, en) = match code {
        1 => ("不支持该功能码", "illegal function"),
        2 => ("没有这个寄存器", "illegal data address"),
        3 => ("数量或数值不允许", "illegal data value"),
        4 => ("设备故障", "device failure"),
        5 => ("已收到，正在处理", "acknowledged, still working"),
        6 => ("设备忙", "device busy"),
        8 => ("存储校验错误", "memory parity error"),
        0x0A => ("网关没有到设备的通路", "the gateway has no path to the device"),
        0x0B => ("网关后的设备不应答", "the device behind the gateway does not answer"),
        _ => ("未说明的异常码", "unknown exception"),
    };
    Text::new(format!("异常码 {code}：{zh}"), format!("exception {code}: {en}"))
}

/// Why nothing came from a source.
pub(super) fn gap(cause: &Cause) -> Text {
    match cause {
        Cause::Gateway => Text::new(
            "网关没有运行，或其磁盘不能写入",
            "the gateway did not run, or its disk took nothing",
        ),
        Cause::Night => Text::new("夜间休眠", "asleep at night"),
        Cause::Link(fault) => fault.text(),
        Cause::Silent => Text::new(
            "连接正常，但设备没有上报可用的数据",
            "the link was up, but the device sent nothing that could be kept",
        ),
    }
}

/// Why data was refused. A label that is not in the table is shown as it is.
pub(super) fn rejection(label: &str) -> Text {
    if let Some((_, zh, en)) = REJECTIONS.iter().find(|row| row.0 == label) {
        return Text::new(*zh, *en);
    }
    match LinkFault::parse(label) {
        Some(fault) => fault.text(),
        None => Text::new(format!("原因：{label}"), format!("reason: {label}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_explained_once() {
        for (i, row) in REJECTIONS.iter().enumerate() {
            assert!(REJECTIONS.iter().skip(i + 1).all(|other| other.0 != row.0), "{} twice", row.0);
        }
        assert_eq!(rejection("not_json").zh, "不是有效的 JSON");
        assert_eq!(rejection("refused"), LinkFault::Refused.text());
        assert_eq!(rejection("never_seen").en, "reason: never_seen");
    }
}
