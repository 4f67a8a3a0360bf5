//! What cost most, of the roof and of all that was told, and what to do.

use crate::model::{Text, text};

use super::super::diagnosis::Trouble;
use super::super::figures::Figures;
use super::super::service::Costly;
use super::cell::{Cell, Column, Table, words};
use super::{Block, Section};

/// Lines in the list.
const ROWS_MAX: usize = 15;

/// Something that cost, with what to do about it.
struct Cost {
    what: Cell,
    kwh: f64,
    money: Option<f64>,
    service_h: Option<f64>,
    advice: Text,
}

/// The dearest of the period.
pub(super) fn section(figures: &Figures) -> Section {
    let troubles = figures.roof.iter().flat_map(|roof| &roof.troubles);
    let alerts = figures.service.iter().flat_map(|service| &service.costly);
    let mut costs: Vec<Cost> =
        troubles.filter_map(of_trouble).chain(alerts.map(of_alert)).collect();
    let rank = |cost: &Cost| (cost.money.unwrap_or(0.0), cost.kwh, cost.service_h.unwrap_or(0.0));
    costs.sort_by(|a, b| rank(b).partial_cmp(&rank(a)).unwrap_or(std::cmp::Ordering::Equal));
    costs.truncate(ROWS_MAX);
    let columns = vec![
        Column::new("事项", "what", ""),
        Column::new("损失电量", "energy lost", "kWh"),
        Column::new("损失金额", "worth", "元"),
        Column::new("影响服务", "service time", "h"),
        Column::new("建议", "what to do", ""),
    ];
    let row = |cost: Cost| {
        let number = |value: Option<f64>, digits: u8| {
            value.map_or(Cell::Empty, |value| Cell::number(value, digits))
        };
        vec![
            cost.what,
            Cell::number(cost.kwh, 1),
            number(cost.money, 2),
            number(cost.service_h, 1),
            Cell::Name(cost.advice),
        ]
    };
    let rows: Vec<_> = costs.into_iter().map(row).collect();
    let blocks = match rows.is_empty() {
        true => vec![Block::Note(Text::new("期内没有造成损失的事项", "nothing cost anything"))],
        false => vec![
            Block::Table(Table::new(Text::new("损失最大的事项", "what cost most"), columns, rows)),
            Block::Note(Text::new(
                "损失为估算；光伏诊断与告警可能说的是同一件事，不可相加",
                "losses are estimates; the diagnosis of the roof and an alert may be about the same: they are not added",
            )),
        ],
    };
    let title = Text::new("异常与建议", "What cost most, and what to do");
    Section { key: "advice", title, blocks }
}

fn of_trouble(trouble: &Trouble) -> Option<Cost> {
    let (name, told) = (&trouble.name, &trouble.text);
    let what = Text::new(format!("{}：{}", name.zh, told.zh), format!("{}: {}", name.en, told.en));
    Some(Cost {
        what: Cell::Name(what),
        kwh: trouble.lost_kwh.filter(|kwh| *kwh > 0.0)?,
        money: trouble.money,
        service_h: None,
        advice: words(&trouble.advice),
    })
}

fn of_alert(one: &Costly) -> Cost {
    let what = match one.until_ms {
        Some(_) => words(&one.text),
        None => {
            let (zh, en) = (&one.text.zh, &one.text.en);
            text!("{zh}（未恢复）", "{en} (still open)")
        }
    };
    Cost {
        what: Cell::Name(what),
        kwh: one.energy_kwh,
        money: one.money,
        service_h: Some(one.service_h),
        advice: words(&one.advice),
    }
}
