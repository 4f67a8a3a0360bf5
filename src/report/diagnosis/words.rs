//! What was found and what to do about it, in words.

use crate::model::{Text, text};

use super::super::document::rounded;
use super::{Cause, Sum};

/// What was found, in words.
pub(super) fn text(cause: Cause, sum: &Sum, worst: f64) -> Text {
    let (days, hours) = (sum.days, rounded(sum.hours, 1));
    let percent = rounded(worst * 100.0, 1);
    match cause {
        Cause::Stood => text!("{days} 天有光停机", "stood still in daylight on {days} days"),
        Cause::Below => text!(
            "{days} 天低于同朝向最好的一台，最差一天为其 {percent}%",
            "below the best of its kind on {days} days, {percent} % of it on the worst"
        ),
        Cause::DeadString => text!(
            "{days} 天有组串无电流（占 {percent}%）",
            "strings without current on {days} days ({percent} % of them)"
        ),
        Cause::Strings => text!(
            "{days} 天组串电流离散率超过 10%，最高 {percent}%（0–5 稳定，5–10 较好，10–20 待改善，20 以上差）",
            "string currents differ by more than 10 % on {days} days, by {percent} % at most (to 5 stable, to 10 good, \
                 to 20 to be improved, above poor)"
        ),
        Cause::Insulation => text!(
            "绝缘阻抗日最大值降到前一周的 {percent}%",
            "the day's highest insulation resistance fell to {percent} % of the week before"
        ),
        Cause::Efficiency => text!(
            "{days} 天交直流转换异常（交流/直流 {percent}%）",
            "AC is {percent} % of DC on the worst of {days} days"
        ),
        Cause::Curtailed => text!(
            "{days} 天疑似限功率运行，共 {hours} 小时，低至额定的 {percent}%",
            "held at one power on {days} days for {hours} h, down to {percent} % of its rating"
        ),
        Cause::Clipped => text!(
            "{days} 天达到额定功率被削顶，共 {hours} 小时",
            "at its rating on {days} days for {hours} h"
        ),
        Cause::Shade => {
            let (zh, en) = (times(&sum.times, "、"), times(&sum.times, ", "));
            Text::new(
                format!("{days} 天在 {zh} 被遮挡，最低为平时的 {percent}%"),
                format!(
                    "in the shade at {en} on {days} days, down to {percent} % of what is usual"
                ),
            )
        }
        Cause::Soiling => {
            text!("积灰：最多少发 {percent}%", "dirt took {percent} % of what is made at most")
        }
        Cause::Snow => text!("{days} 天疑似积雪", "snow seems to have lain on it on {days} days"),
        Cause::Stuck => text!(
            "{days} 天功率数据冻结，共 {hours} 小时",
            "its power stood still on {days} days for {hours} h"
        ),
        Cause::Meter => text!(
            "{days} 天与逆变器之和不符，最多为其 {percent}%",
            "not what the inverters say on {days} days; {percent} % of it"
        ),
        Cause::Night => text!(
            "{days} 个夜晚耗电偏高，平均为额定的 {percent}%",
            "draws {percent} % of the rating in {days} nights"
        ),
    }
}

/// Half hours of the day as times on the clock; those that meet are one.
fn times(stretches: &[(usize, usize)], between: &str) -> String {
    let mut sorted = stretches.to_vec();
    sorted.sort_unstable();
    let mut whole: Vec<(usize, usize)> = Vec::new();
    for (first, last) in sorted {
        match whole.last_mut().filter(|(_, end)| first <= *end + 1) {
            Some((_, end)) => *end = last.max(*end),
            None => whole.push((first, last)),
        }
    }
    let clock = |slot: usize| format!("{:02}:{:02}", slot / 2, slot % 2 * 30);
    let told = |(first, last): &(usize, usize)| format!("{}–{}", clock(*first), clock(last + 1));
    whole.iter().map(told).collect::<Vec<_>>().join(between)
}

/// What to do about it.
pub(super) fn advice(cause: Cause) -> Text {
    match cause {
        Cause::Stood => {
            Text::new("查故障代码、交流开关和电网", "see its faults, the AC breaker and the grid")
        }
        Cause::Below => Text::new("查组串、遮挡和积灰", "look at strings, shade and dirt"),
        Cause::DeadString => {
            Text::new("查熔断器、MC4 接头和开路", "look at fuses, MC4 connectors, open circuits")
        }
        Cause::Strings => {
            Text::new("清洗、查遮挡、测组件", "clean, look for shade, measure modules")
        }
        Cause::Insulation => Text::new(
            "由电工逐串查绝缘，避开雨天",
            "have the strings measured by an electrician, not in rain",
        ),
        Cause::Efficiency => {
            Text::new("核对测量精度；检修逆变器", "check what is measured; service the inverter")
        }
        Cause::Curtailed => {
            Text::new("核对限功率设定和调度指令", "look for a limit that is set or ordered")
        }
        Cause::Clipped => {
            Text::new("容配比所致，一般无需处理", "by design where modules are rated higher")
        }
        Cause::Shade => Text::new(
            "到现场查该时段的遮挡物（天线、女儿墙、空调外机、树）",
            "go and see what stands in the sun then: mast, parapet, air conditioner, tree",
        ),
        Cause::Soiling => Text::new("清洗组件", "wash the modules"),
        Cause::Snow => Text::new("不要上屋面，等待融化", "keep off the roof and wait"),
        Cause::Stuck => Text::new("查通信与采集模块", "look at the communication"),
        Cause::Meter => Text::new(
            "核对互感器变比和漏接的逆变器",
            "check the CT ratio, and for inverters that are missing",
        ),
        Cause::Night => {
            Text::new("查夜间无功补偿和加热器", "look for reactive compensation and heaters")
        }
    }
}
