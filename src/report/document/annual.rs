//! Figures of a year against their quotas, and the renewable share; when electricity is used.

use crate::model::{Text, text};

use super::super::annual::{Annual, Indicator};
use super::super::figures::Figures;
use super::super::usage::Usage;
use super::cell::{Cell, Chart, Column, Row, Table};
use super::{Block, Section};

/// Indicators against quotas.
pub(super) fn quotas(annual: &Annual) -> Section {
    let columns = vec![
        Column::new("指标", "indicator", ""),
        Column::new("单位", "unit", ""),
        Column::new("全建筑（12 个月）", "whole building, 12 months", ""),
        Column::new("定额口径（12 个月）", "quota's scope, 12 months", ""),
        Column::new("定额口径（本年累计）", "quota's scope, this year", ""),
        Column::new("年度限额", "limit of a year", ""),
        Column::new("已用", "used", ""),
    ];
    let row = |one: &Indicator| {
        let name = match one.name.as_str() {
            "electricity_kwhm2" => Text::new("单位面积电耗", "electricity for a square metre"),
            "coal_kgcem2" => Text::new("单位面积综合能耗", "energies for a square metre"),
            "coal_per_person_kgce" => Text::new("人均综合能耗", "energies for a person"),
            _ => Text::new("人均用水", "water for a person"),
        };
        vec![
            Cell::Words(name),
            Cell::Words(Text::same(&one.unit)),
            Cell::figure(&one.whole, 1.0, 2),
            Cell::figure(&one.quota, 1.0, 2),
            Cell::figure(&one.quota_to_date, 1.0, 2),
            one.limit.map_or(Cell::Empty, |limit| Cell::number(limit, 2)),
            Cell::percent(&one.used, 1),
        ]
    };
    let rows = annual.indicators.iter().map(row).collect();
    let title = Text::new("年度指标", "indicators of a year");
    let mut blocks = vec![Block::Table(Table::new(title, columns, rows))];
    let elapsed = super::rounded(annual.elapsed * 100.0, 1);
    blocks.push(Block::Note(text!(
        "本年已过 {elapsed}%（采暖季 11 月 15 日至次年 3 月 15 日用能偏高）。年度指标由已关账月份与本月相加",
        "{elapsed} % of the year have passed (the heating season from 15 November to 15 March takes more). Figures of a \
         year are sums of closed months and of this one",
    )));
    if !annual.document.is_empty() {
        let document = &annual.document;
        blocks.push(Block::Note(text!("限额依据：{document}", "limits by: {document}")));
    }
    Section { key: "quotas", title: Text::new("定额对标", "Quotas"), blocks }
}

/// The renewable share of a year.
pub(super) fn renewable(annual: &Annual, figures: &Figures) -> Section {
    let columns = vec![
        Column::new("指标", "figure", ""),
        Column::new("数值", "value", ""),
        Column::new("算法", "formula", ""),
    ];
    let points = match (annual.points, annual.renewable_share.value) {
        (Some(points), _) => Cell::number(f64::from(points), 0),
        (None, Some(_)) => Cell::number(0.0, 0),
        (None, None) => Cell::percent(&annual.renewable_share, 2),
    };
    let rows = vec![
        vec![
            Cell::Words(Text::new("本期可再生电力占比", "renewable share of the period")),
            Cell::percent(&figures.electricity.renewable_share, 2),
            Cell::Words(Text::new("光伏发电 / 总用电", "made / all that was used")),
        ],
        vec![
            Cell::Words(Text::new("12 个月可再生电力占比 Re", "renewable share of 12 months")),
            Cell::percent(&annual.renewable_share, 2),
            Cell::Words(Text::new("按年计", "by the year")),
        ],
        vec![
            Cell::Words(Text::new("示意得分", "points, an indication")),
            points,
            Cell::Words(Text::same(&annual.points_document)),
        ],
    ];
    let title = Text::new("绿色电力占比与评价得分", "renewable share and points");
    let blocks = vec![Block::Table(Table::new(title, columns, rows))];
    let title = Text::new("绿色电力占比与评价得分", "Renewable share");
    Section { key: "renewable", title, blocks }
}

/// When electricity was used.
pub(super) fn usage(usage: &Usage) -> [Block; 2] {
    let rows: [Row; 6] = [
        (
            ("服务时间用电", "used in service hours"),
            Cell::figure(&usage.service_kwh, 1.0, 2),
            "kWh",
            ("除 24 小时区外任一区域开放时", "while a zone that is not open always was open"),
        ),
        (
            ("非服务时间占比", "outside of them"),
            Cell::percent(&usage.off_hours_share, 1),
            "",
            ("1 − 服务时间用电 / 总用电", "1 − in service hours / all"),
        ),
        (
            ("工作日日均", "mean of a working day"),
            Cell::figure(&usage.working_day_kwh, 1.0, 1),
            "kWh",
            ("含调休工作日", "make-up days are working days"),
        ),
        (
            ("休息日日均", "mean of a day off"),
            Cell::figure(&usage.day_off_kwh, 1.0, 1),
            "kWh",
            ("周末与法定节假日", "weekends and holidays"),
        ),
        (
            ("夜间基荷", "base load"),
            Cell::figure(&usage.base_load_kw, 1.0, 2),
            "kW",
            ("01:00–05:00 平均", "mean from 01:00 to 05:00"),
        ),
        (
            ("最大 15 分钟功率", "highest quarter of an hour"),
            Cell::figure(&usage.peak_kw, 1.0, 2),
            "kW",
            ("15 分钟电量 × 4", "its energy × 4"),
        ),
    ];
    let table = super::cell::figures(Text::new("用电时段", "when it was used"), rows);
    let line = usage.self_used_by_hour_kwh.iter().copied().map(Some).collect();
    let chart = Chart {
        title: Text::new("各小时平均取电量", "drawn from the grid by hour, mean"),
        unit: "kWh",
        labels: (0..24).map(|hour| hour.to_string()).collect(),
        bars: usage.import_by_hour_kwh.iter().copied().map(Some).collect(),
        line: Some((Text::new("光伏自用", "made and used here"), "kWh", line)),
    };
    [Block::Table(table), Block::Chart(chart)]
}
