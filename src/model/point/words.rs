//! The words of the enumerated points, with their stored codes.
//!
//! Inverter states after SunSpec model 103 `St`; machine parts after CEN/XFS4IoT. The codes are
//! stored and sent to InfluxDB, so they never change; new words are added at the end.

use crate::model::Severity::{self, Critical, Major, Minor};

/// One word of an enumeration.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Word {
    /// The stored code.
    pub code: i64,
    /// The word in profiles and in the API.
    pub id: &'static str,
    /// zh-CN.
    pub zh: &'static str,
    /// en.
    pub en: &'static str,
    /// How bad this word is by itself; `None` when all is well or nothing is known.
    pub severity: Option<Severity>,
}

/// The words of one enumeration.
#[derive(Debug, PartialEq)]
pub struct Vocabulary {
    /// Name used in the table of points.
    pub id: &'static str,
    /// The words, by code.
    pub words: &'static [Word],
}

impl Vocabulary {
    /// The word of a stored code.
    #[must_use]
    pub fn by_code(&self, code: i64) -> Option<&'static Word> {
        self.words.iter().find(|word| word.code == code)
    }

    /// The word of this name.
    #[must_use]
    pub fn by_id(&self, id: &str) -> Option<&'static Word> {
        self.words.iter().find(|word| word.id == id)
    }
}

const fn word(
    code: i64,
    id: &'static str,
    zh: &'static str,
    en: &'static str,
    severity: Option<Severity>,
) -> Word {
    Word { code, id, zh, en, severity }
}

static VOCABULARIES: &[Vocabulary] = &[
    Vocabulary {
        id: "inverter_state",
        words: &[
            word(1, "off", "关机", "off", None),
            word(2, "sleeping", "休眠", "sleeping", None),
            word(3, "starting", "启动中", "starting", None),
            word(4, "mppt", "正常发电", "producing", None),
            word(5, "throttled", "限功率", "throttled", None),
            word(6, "shutting_down", "停机中", "shutting down", None),
            word(7, "fault", "故障", "fault", Some(Major)),
            word(8, "standby", "待机", "standby", None),
        ],
    },
    Vocabulary {
        id: "kiosk_state",
        words: &[
            word(1, "in_service", "服务中", "in service", None),
            word(2, "degraded", "部分可用", "degraded", Some(Minor)),
            word(3, "out_of_service", "停止服务", "out of service", Some(Major)),
            word(4, "offline", "离线", "offline", Some(Major)),
            word(5, "maintenance", "维护中", "maintenance", None),
        ],
    },
    Vocabulary {
        id: "app_state",
        words: &[
            word(0, "in_service", "服务中", "in service", None),
            word(1, "out_of_service", "停止服务", "out of service", Some(Major)),
            word(2, "unknown", "未知", "unknown", None),
        ],
    },
    Vocabulary {
        id: "operator_mode",
        words: &[
            word(0, "run", "运行", "run", None),
            word(1, "maintenance", "维护", "maintenance", None),
            word(2, "supervisor", "管理", "supervisor", None),
        ],
    },
    Vocabulary {
        id: "device_state",
        words: &[
            word(0, "online", "正常", "online", None),
            word(1, "offline", "离线", "offline", Some(Major)),
            word(2, "power_off", "断电", "powered off", Some(Major)),
            word(3, "no_device", "未安装", "no device", None),
            word(4, "hardware_error", "硬件故障", "hardware error", Some(Major)),
            word(5, "user_error", "等待人工处理", "needs attention", Some(Minor)),
            word(6, "device_busy", "忙", "busy", None),
            word(7, "fraud_attempt", "遭破坏", "fraud attempt", Some(Critical)),
            word(8, "potential_fraud", "疑似破坏", "potential fraud", Some(Critical)),
            word(9, "cover_open", "盖门开启", "cover open", Some(Major)),
        ],
    },
    Vocabulary {
        id: "paper",
        words: &[
            word(0, "full", "充足", "full", None),
            word(1, "low", "将尽", "low", Some(Minor)),
            word(2, "out", "缺纸", "out", Some(Major)),
            word(3, "not_supported", "无此部件", "not supported", None),
            word(4, "unknown", "未知", "unknown", None),
            word(5, "jammed", "卡纸", "jammed", Some(Major)),
        ],
    },
    Vocabulary {
        id: "toner",
        words: &[
            word(0, "full", "充足", "full", None),
            word(1, "low", "将尽", "low", Some(Minor)),
            word(2, "out", "用尽", "out", Some(Major)),
            word(3, "not_supported", "无此部件", "not supported", None),
            word(4, "unknown", "未知", "unknown", None),
        ],
    },
    Vocabulary {
        id: "media",
        words: &[
            word(0, "not_present", "无介质", "not present", None),
            word(1, "present", "有介质", "present", None),
            word(2, "jammed", "卡住", "jammed", Some(Major)),
            word(3, "not_supported", "无此部件", "not supported", None),
            word(4, "unknown", "未知", "unknown", None),
        ],
    },
    Vocabulary {
        id: "stock",
        words: &[
            word(0, "ok", "充足", "ok", None),
            word(1, "full", "满", "full", None),
            word(2, "high", "偏多", "high", None),
            word(3, "low", "不足", "low", Some(Minor)),
            word(4, "empty", "空", "empty", Some(Major)),
            word(5, "unknown", "未知", "unknown", None),
        ],
    },
    Vocabulary {
        id: "bin",
        words: &[
            word(0, "ok", "正常", "ok", None),
            word(1, "high", "将满", "nearly full", Some(Minor)),
            word(2, "full", "已满", "full", Some(Major)),
            word(3, "missing", "缺失", "missing", Some(Major)),
            word(4, "unknown", "未知", "unknown", None),
        ],
    },
    Vocabulary {
        id: "door",
        words: &[
            word(0, "closed", "关闭", "closed", None),
            word(1, "open", "开启", "open", Some(Major)),
            word(2, "locked", "锁定", "locked", None),
            word(3, "bolted", "闩上", "bolted", None),
            word(4, "tampered", "被撬", "tampered", Some(Critical)),
            word(5, "unknown", "未知", "unknown", None),
        ],
    },
    Vocabulary {
        id: "ups",
        words: &[
            word(0, "good", "正常", "good", None),
            word(1, "engaged", "市电中断", "on battery", Some(Major)),
            word(2, "low", "电池低", "battery low", Some(Critical)),
            word(3, "recovered", "已恢复", "recovered", None),
            word(4, "unknown", "未知", "unknown", None),
        ],
    },
    Vocabulary {
        id: "backend",
        words: &[
            word(0, "reachable", "可达", "reachable", None),
            word(1, "unreachable", "不可达", "unreachable", Some(Major)),
            word(2, "unknown", "未知", "unknown", None),
        ],
    },
    Vocabulary {
        id: "entrance",
        words: &[
            word(0, "closed", "关闭", "closed", None),
            word(1, "open", "开启", "open", None),
            word(2, "locked", "锁定", "locked", None),
            word(3, "blocked", "受阻", "blocked", Some(Major)),
            word(4, "tampered", "被撬", "tampered", Some(Critical)),
            word(5, "unknown", "未知", "unknown", None),
        ],
    },
    Vocabulary {
        id: "alarm",
        words: &[
            word(0, "idle", "未触发", "idle", None),
            word(1, "pressed", "被按下", "pressed", Some(Critical)),
            word(2, "unknown", "未知", "unknown", None),
        ],
    },
];

/// All vocabularies.
pub fn vocabularies() -> impl Iterator<Item = &'static Vocabulary> {
    VOCABULARIES.iter()
}

/// The vocabulary of this name.
#[must_use]
pub fn vocabulary(id: &str) -> Option<&'static Vocabulary> {
    VOCABULARIES.iter().find(|vocabulary| vocabulary.id == id)
}
