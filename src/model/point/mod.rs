//! The standard points: one vocabulary for every brand, units last in the name.
//!
//! Names follow IEC 61724-1 and SunSpec for power plants, CEN/XFS4IoT and RFC 2790 for machines.
//! A name with `{n}` stands for `string_1_current_a`, `string_2_current_a` and so on.

mod words;

use std::collections::HashMap;
use std::sync::LazyLock;

use super::{Text, near};
pub use words::{Vocabulary, Word, vocabularies, vocabulary};

/// One entry of the vocabulary of points.
#[derive(Debug, Clone, PartialEq)]
pub struct StandardPoint {
    /// Unit as shown, empty for enumerations and texts.
    pub unit: &'static str,
    /// Label for people, the number filled in.
    pub label: Text,
    /// The words of an enumeration.
    pub words: Option<&'static Vocabulary>,
    /// Shown on the device's tile.
    pub headline: bool,
}

/// name, unit, zh, en, vocabulary ("" for none), headline
type Row = (&'static str, &'static str, &'static str, &'static str, &'static str, bool);

const POINTS: &[Row] = &[
    // state of the device as a whole
    ("state", "", "状态", "state", "inverter_state", true),
    ("kiosk_state", "", "服务状态", "service state", "kiosk_state", true),
    ("online", "", "在线", "online", "", false),
    ("fault", "", "故障代码", "faults", "", false),
    ("serial_number", "", "序列号", "serial number", "", false),
    ("model_name", "", "型号", "model", "", false),
    ("manufacturer", "", "厂家", "manufacturer", "", false),
    ("firmware", "", "固件版本", "firmware", "", false),
    // power plant, AC side
    ("ac_power_w", "W", "交流功率", "AC power", "", true),
    ("reactive_power_var", "var", "无功功率", "reactive power", "", false),
    ("apparent_power_va", "VA", "视在功率", "apparent power", "", false),
    ("power_factor", "", "功率因数", "power factor", "", false),
    ("grid_freq_hz", "Hz", "电网频率", "grid frequency", "", false),
    ("ac_current_a", "A", "交流电流", "AC current", "", false),
    ("neutral_current_a", "A", "零线电流", "neutral current", "", false),
    ("phase_{n}_voltage_v", "V", "{n}相电压", "phase {n} voltage", "", false),
    ("phase_{n}_current_a", "A", "{n}相电流", "phase {n} current", "", false),
    ("phase_{n}_power_w", "W", "{n}相功率", "phase {n} power", "", false),
    ("line_{n}_voltage_v", "V", "{n}线电压", "line {n} voltage", "", false),
    ("energy_today_wh", "Wh", "今日发电量", "energy today", "", true),
    ("energy_total_wh", "Wh", "累计发电量", "energy total", "", false),
    ("energy_import_wh", "Wh", "正向（用电）电量", "energy imported", "", true),
    ("energy_export_wh", "Wh", "反向（上网）电量", "energy exported", "", true),
    ("energy_reactive_import_varh", "varh", "正向无功电量", "reactive energy imported", "", false),
    ("energy_reactive_export_varh", "varh", "反向无功电量", "reactive energy exported", "", false),
    // other supplies
    ("water_total_m3", "m³", "累计用水量", "water total", "", true),
    ("gas_total_m3", "m³", "累计用气量", "gas total", "", true),
    ("heat_total_mj", "MJ", "累计用热量", "heat total", "", true),
    ("running_hours_h", "h", "运行小时", "running hours", "", false),
    ("efficiency_percent", "%", "转换效率", "efficiency", "", false),
    ("power_limit_percent", "%", "限功率设定", "power limit", "", false),
    ("demand_w", "W", "需量", "demand", "", false),
    // power plant, DC side
    ("dc_power_w", "W", "直流功率", "DC power", "", false),
    ("dc_voltage_v", "V", "直流电压", "DC voltage", "", false),
    ("dc_current_a", "A", "直流电流", "DC current", "", false),
    ("string_{n}_voltage_v", "V", "组串{n}电压", "string {n} voltage", "", false),
    ("string_{n}_current_a", "A", "组串{n}电流", "string {n} current", "", false),
    ("string_{n}_power_w", "W", "组串{n}功率", "string {n} power", "", false),
    ("mppt_{n}_voltage_v", "V", "MPPT{n}电压", "MPPT {n} voltage", "", false),
    ("mppt_{n}_current_a", "A", "MPPT{n}电流", "MPPT {n} current", "", false),
    ("mppt_{n}_power_w", "W", "MPPT{n}功率", "MPPT {n} power", "", false),
    ("mppt_{n}_energy_wh", "Wh", "MPPT{n}电量", "MPPT {n} energy", "", false),
    ("insulation_ohm", "Ω", "绝缘阻抗", "insulation resistance", "", false),
    ("cabinet_temp_c", "°C", "机内温度", "cabinet temperature", "", true),
    ("heat_sink_temp_c", "°C", "散热器温度", "heat sink temperature", "", false),
    ("transformer_temp_c", "°C", "变压器温度", "transformer temperature", "", false),
    ("other_temp_c", "°C", "其他温度", "other temperature", "", false),
    // weather
    ("irradiance_poa_wm2", "W/m²", "倾斜面辐照度", "in-plane irradiance", "", true),
    ("irradiance_ghi_wm2", "W/m²", "水平面辐照度", "global horizontal irradiance", "", true),
    ("irradiation_today_whm2", "Wh/m²", "今日辐照量", "irradiation today", "", true),
    ("module_temp_c", "°C", "组件温度", "module temperature", "", true),
    ("ambient_temp_c", "°C", "环境温度", "ambient temperature", "", true),
    ("wind_speed_ms", "m/s", "风速", "wind speed", "", true),
    ("wind_direction_deg", "°", "风向", "wind direction", "", false),
    ("humidity_percent", "%", "相对湿度", "relative humidity", "", false),
    // self-service machines
    ("app_state", "", "业务软件", "application", "app_state", false),
    ("mode", "", "运行模式", "operator mode", "operator_mode", false),
    ("app_version", "", "软件版本", "application version", "", false),
    ("backend_state", "", "业务后台", "business back-end", "backend", false),
    ("clock_skew_s", "s", "时钟偏差", "clock skew", "", false),
    ("printer_state", "", "打印机", "printer", "device_state", false),
    ("printer_paper", "", "打印纸", "paper", "paper", true),
    ("printer_paper_left_sheets", "张", "余纸", "paper left", "", false),
    ("printer_toner", "", "碳粉/墨", "toner", "toner", false),
    ("printer_cutter", "", "切刀", "cutter", "media", false),
    ("receipt_printer_state", "", "凭条打印机", "receipt printer", "device_state", false),
    ("receipt_paper", "", "凭条纸", "receipt paper", "paper", false),
    ("id_card_reader_state", "", "身份证读卡器", "ID-card reader", "device_state", false),
    ("bank_card_reader_state", "", "银行卡读卡器", "card reader", "device_state", false),
    (
        "social_card_reader_state",
        "",
        "社保卡读卡器",
        "social-security card reader",
        "device_state",
        false,
    ),
    ("camera_state", "", "摄像头", "camera", "device_state", false),
    ("face_module_state", "", "人脸模块", "face module", "device_state", false),
    ("scanner_state", "", "高拍仪/扫描仪", "scanner", "device_state", false),
    ("barcode_reader_state", "", "扫码器", "barcode reader", "device_state", false),
    ("fingerprint_state", "", "指纹仪", "fingerprint reader", "device_state", false),
    ("touch_screen_state", "", "触摸屏", "touch screen", "device_state", false),
    ("speaker_state", "", "扬声器", "speaker", "device_state", false),
    ("scale_state", "", "体重秤", "scale", "device_state", false),
    ("height_sensor_state", "", "身高传感器", "height sensor", "device_state", false),
    ("vision_test_state", "", "视力检测", "vision test", "device_state", false),
    ("hearing_test_state", "", "听力检测", "hearing test", "device_state", false),
    ("seal_state", "", "电子印章", "seal unit", "device_state", false),
    ("tax_key_state", "", "税控设备", "tax key", "device_state", false),
    ("card_dispenser_state", "", "发卡器", "card dispenser", "device_state", false),
    ("pin_pad_state", "", "密码键盘", "PIN pad", "device_state", false),
    ("lamp_state", "", "补光灯", "lamp", "device_state", false),
    ("display_state", "", "显示屏", "display", "device_state", false),
    ("screen_on", "", "屏幕点亮", "screen on", "", false),
    ("card_stock", "", "卡证库存", "card stock", "stock", false),
    ("invoice_stock", "", "发票库存", "invoice stock", "stock", false),
    ("card_stock_count", "张", "卡证余量", "cards left", "", false),
    ("invoice_stock_count", "张", "发票余量", "invoices left", "", false),
    ("retract_bin", "", "回收箱", "retract bin", "bin", false),
    ("door", "", "柜门", "door", "door", false),
    ("ups", "", "不间断电源", "UPS", "ups", false),
    ("battery_percent", "%", "电池电量", "battery charge", "", false),
    ("battery_runtime_min", "min", "电池可用时间", "battery runtime", "", false),
    ("ups_load_percent", "%", "不间断电源负载", "UPS load", "", false),
    ("ups_input_voltage_v", "V", "不间断电源输入电压", "UPS input voltage", "", false),
    ("entrance", "", "入口门", "entrance", "entrance", false),
    ("alarm_button", "", "报警按钮", "alarm button", "alarm", false),
    ("hvac_state", "", "空调", "air conditioning", "device_state", false),
    ("lights_on", "", "照明", "lights on", "", false),
    ("room_temp_c", "°C", "室内温度", "room temperature", "", false),
    ("certificate_left_d", "d", "证书剩余天数", "certificate days left", "", false),
    ("queue_waiting", "人", "等候人数", "people waiting", "", false),
    ("transactions_total", "", "办理笔数", "transactions", "", false),
    ("tickets_total", "", "取号", "tickets", "", true),
    ("pages_total", "", "打印页数", "pages printed", "", false),
    ("boots_total", "", "启动次数", "boots", "", false),
    ("cpu_percent", "%", "处理器占用", "CPU load", "", false),
    ("disk_free_percent", "%", "磁盘剩余", "disk free", "", false),
    ("host_temp_c", "°C", "主机温度", "host temperature", "", false),
    // the gateway itself
    ("journal_lag_records", "", "最大滞后条数", "records behind", "", false),
    ("readings_total", "", "已存读数", "readings kept", "", false),
    ("rejected_total", "", "拒收", "rejected", "", true),
    ("disk_free_bytes", "B", "磁盘剩余", "disk free", "", true),
    ("journal_bytes", "B", "日志大小", "journal size", "", false),
    ("logins_refused_total", "", "登录失败次数", "logins refused", "", false),
    ("sources_down", "", "中断的采集通道", "sources down", "", false),
];

/// All points of the vocabulary with their names; `{n}` in a name stands for `N` in the label.
pub fn standard_points() -> impl Iterator<Item = (&'static str, StandardPoint)> {
    POINTS.iter().map(|row| (row.0, entry(row, "N")))
}

/// The standard point that a person probably meant, its number kept.
#[must_use]
pub fn nearest_point(name: &str) -> Option<String> {
    let (pattern, _) = generalise(name);
    let found = near::nearest(&pattern, standard_point_names())?;
    let slot = name.split('_').nth(1).filter(|slot| is_slot(slot));
    Some(found.replace("{n}", slot.unwrap_or(if found.starts_with("line") { "ab" } else { "1" })))
}

/// All names of the vocabulary, patterns included.
pub fn standard_point_names() -> impl Iterator<Item = &'static str> {
    POINTS.iter().map(|row| row.0)
}

/// The entry of a point name; `None` for `vendor_…` and for unknown names.
#[must_use]
pub fn standard_point(name: &str) -> Option<StandardPoint> {
    let (pattern, number) = generalise(name);
    let row = POINTS.iter().find(|row| row.0 == name || row.0 == pattern)?;
    Some(entry(row, &number.to_uppercase()))
}

fn entry(row: &Row, number: &str) -> StandardPoint {
    let (_, unit, zh, en, words, headline) = *row;
    let label = Text::new(zh, en).fill("n", &Text::same(number));
    StandardPoint { unit, label, words: vocabulary(words), headline }
}

/// A number, a phase or a pair of phases.
fn is_slot(part: &str) -> bool {
    let digits = !part.is_empty() && part.chars().all(|c| c.is_ascii_digit());
    digits || matches!(part, "a" | "b" | "c" | "ab" | "bc" | "ca")
}

/// The words of an enumerated point: what [`standard_point`] says of it, at a fraction of the cost.
/// Every value of every reading is looked at this way.
#[must_use]
pub fn words_of(name: &str) -> Option<&'static Vocabulary> {
    static WORDS: LazyLock<HashMap<&'static str, &'static Vocabulary>> = LazyLock::new(|| {
        POINTS.iter().filter_map(|row| Some((row.0, vocabulary(row.4)?))).collect()
    });
    WORDS.get(name).copied()
}

/// `string_12_current_a` -> (`string_{n}_current_a`, `12`); phases and lines are lettered.
fn generalise(name: &str) -> (String, String) {
    let mut parts: Vec<&str> = name.split('_').collect();
    let numbered = matches!(parts.first(), Some(&("string" | "mppt" | "phase" | "line")));
    let Some(slot) = parts.get_mut(1).filter(|_| numbered) else {
        return (name.to_owned(), String::new());
    };
    if !is_slot(slot) {
        return (name.to_owned(), String::new());
    }
    let number = (*slot).to_owned();
    *slot = "{n}";
    (parts.join("_"), number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_unique_and_its_words_exist() {
        for (i, row) in POINTS.iter().enumerate() {
            assert!(POINTS.iter().skip(i + 1).all(|other| other.0 != row.0), "{} twice", row.0);
            assert!(row.4.is_empty() || vocabulary(row.4).is_some(), "no words `{}`", row.4);
            assert!(row.4.is_empty() || !row.0.contains('{'), "{}: words need a full name", row.0);
            assert_eq!(words_of(row.0), standard_point(row.0).and_then(|point| point.words));
        }
    }

    #[test]
    fn numbered_points_share_one_entry() {
        let point = standard_point("string_12_current_a").expect("known");
        assert_eq!(point.label.zh, "组串12电流");
        assert_eq!(standard_point("phase_a_voltage_v").expect("known").label.zh, "A相电压");
        assert_eq!(standard_point("line_ab_voltage_v").expect("known").label.en, "line AB voltage");
        assert!(standard_point("string_x_current_a").is_none());
        assert!(standard_point("vendor_thing").is_none());
    }

    #[test]
    fn a_mistyped_point_is_recognised_and_keeps_its_number() {
        let near = |name| nearest_point(name).unwrap_or_default();
        assert_eq!(near("ac_power_kw"), "ac_power_w");
        assert_eq!(near("energy_imprt_wh"), "energy_import_wh");
        assert_eq!(near("string_12_curent_a"), "string_12_current_a");
        assert_eq!(near("strng_3_voltage_v"), "string_3_voltage_v");
        assert_eq!(near("phase_b_curent_a"), "phase_b_current_a");
        assert_eq!(nearest_point("colour"), None);
    }

    #[test]
    fn a_pattern_is_listed_with_a_letter_for_its_number() {
        let point = standard_points().find(|(name, _)| *name == "mppt_{n}_power_w");
        assert_eq!(point.expect("listed").1.label, Text::new("MPPTN功率", "MPPT N power"));
    }
}
