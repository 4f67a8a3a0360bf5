//! What the labels of the counters mean, for people.

use crate::model::{LinkFault, Text};

/// label, zh, en
const REJECTIONS: &[(&str, &str, &str)] = &[
    ("short_answer", "应答长度不足", "answer too short"),
    ("long_answer", "应答过长", "answer too long"),
    ("wrong_unit", "应答来自别的站号", "answer of another unit"),
    ("wrong_function", "应答的功能码不符", "answer with another function code"),
    ("late_answer", "应答迟到", "answer came too late"),
    ("exception", "设备返回异常码", "device answered with an exception"),
    ("bad_frame", "报文损坏", "damaged frame"),
    ("crc", "校验错误", "checksum wrong"),
    ("out_of_range", "数值超出可能范围", "value outside what is possible"),
    ("not_finite", "不是有效数字", "not a finite number"),
    ("unknown_word", "未知的状态词", "unknown word of an enumeration"),
    ("unknown_device", "未配置的设备", "device that is not configured"),
    ("unknown_topic", "未知主题", "unknown topic"),
    ("wrong_device", "内容与主题中的设备不符", "payload of another device than its topic"),
    ("not_json", "不是有效的 JSON", "not valid JSON"),
    ("too_large", "报文过大", "message too large"),
    ("too_deep", "JSON 嵌套过深", "JSON nested too deeply"),
    ("empty", "没有可用的数据", "nothing usable in it"),
    ("bad_time", "时间无法识别", "time not understood"),
    ("future_time", "时间在未来：检查设备时钟", "time in the future: check the device's clock"),
    ("old_time", "时间过旧：检查设备时钟", "time too long ago: check the device's clock"),
    ("other", "其他原因", "other reasons"),
];

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
        assert_eq!(rejection("short_answer").zh, "应答长度不足");
        assert_eq!(rejection("refused"), LinkFault::Refused.text());
        assert_eq!(rejection("never_seen").en, "reason: never_seen");
    }
}
