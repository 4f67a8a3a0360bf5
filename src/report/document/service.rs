//! The machines, faults and alerts, and work orders.

use crate::model::{Severity, Text};

use super::super::figures::Figure;
use super::super::service::{Consumed, Fault, Orders, Raised, Served, ServiceFigures};
use super::cell::{Cell, Column, Table, words};
use super::{Block, Section};

/// All sections of it.
pub(super) fn sections(service: &ServiceFigures) -> Vec<Section> {
    let title = Text::new("各类设备", "by kind");
    let kinds = served(title, "类型", "kind", service.kinds.iter().chain([&service.all]));
    let mut blocks = vec![Block::Table(kinds)];
    if !service.worst.is_empty() {
        let title = Text::new("可用率最低的设备", "machines that served least");
        let worst = served(title, "设备", "machine", service.worst.iter());
        blocks.push(Block::Table(worst));
    }
    blocks.push(match service.faults.is_empty() {
        true => Block::Note(Text::new("期内没有设备故障告警", "no alert was about a machine")),
        false => Block::Table(faults(&service.faults)),
    });
    blocks.push(Block::Note(Text::new(
        "可用率 = 1 − 停用 / (服务时间 − 维护 − 无数据)；停用按重要及以上告警从首次发现到恢复计，静默期间计为维护；\
         MTBF = (应服务时间 − 停用) / 故障次数；响应 = 告警到首次确认的服务时间，30 分钟内为及时",
        "availability = 1 − down / (service − maintenance − no data); down from when a major or critical alert was \
         first seen until it was over, under a silence it counts as maintenance; MTBF = (answerable − down) / failures; \
         response = service time from alert to acknowledgement, on time within 30 minutes",
    )));
    let machines =
        Section { key: "machines", title: Text::new("自助设备运行", "Machines"), blocks };
    let mut orders_blocks = vec![Block::Table(orders(&service.orders))];
    orders_blocks.extend(parts(&service.orders));
    orders_blocks.extend(consumed(&service.consumed));
    let title = Text::new("耗材与工单", "Work orders and parts");
    let orders = Section { key: "orders", title, blocks: orders_blocks };
    let blocks = vec![Block::Table(alerts(&service.alerts))];
    let alerts = Section { key: "alerts", title: Text::new("告警统计", "Alerts"), blocks };
    vec![machines, orders, alerts]
}

fn served<'a>(title: Text, zh: &str, en: &str, rows: impl Iterator<Item = &'a Served>) -> Table {
    let columns = vec![
        Column::new(zh, en, ""),
        Column::new("台数", "machines", ""),
        Column::new("可用率", "availability", ""),
        Column::new("停用", "down", "h"),
        Column::new("故障", "failures", ""),
        Column::new("MTBF", "MTBF", "h"),
        Column::new("MTTR", "MTTR", "h"),
        Column::new("响应", "response", "min"),
        Column::new("及时率", "on time", ""),
    ];
    let row = |one: &Served| {
        vec![
            Cell::Name(words(&one.name)),
            Cell::number(f64::from(one.machines), 0),
            Cell::percent(&one.availability, 2),
            Cell::number(one.down_h, 2),
            Cell::number(f64::from(one.failures), 0),
            Cell::figure(&one.mtbf_h, 1.0, 1),
            Cell::figure(&one.mttr_h, 1.0, 2),
            Cell::figure(&one.response_min, 1.0, 0),
            Cell::percent(&one.response_on_time, 1),
        ]
    };
    Table::new(title, columns, rows.map(row).collect())
}

fn faults(faults: &[Fault]) -> Table {
    let columns = vec![
        Column::new("故障", "fault", ""),
        Column::new("规则", "rule", ""),
        Column::new("次数", "count", ""),
        Column::new("影响服务时间", "service time with it", "h"),
    ];
    let row = |fault: &Fault| {
        vec![
            Cell::Name(words(&fault.text)),
            Cell::Words(Text::same(&fault.rule)),
            Cell::number(f64::from(fault.count), 0),
            Cell::number(fault.service_h, 2),
        ]
    };
    let title = Text::new("最常见的故障", "most frequent faults");
    Table::new(title, columns, faults.iter().map(row).collect())
}

fn orders(orders: &Orders) -> Table {
    let columns = vec![
        Column::new("指标", "figure", ""),
        Column::new("数值", "value", ""),
        Column::new("单位", "unit", ""),
    ];
    let count = |count: u32| Cell::number(f64::from(count), 0);
    let hours = |figure: &Figure| Cell::figure(figure, 1.0, 2);
    let share = |figure: &Figure| Cell::percent(figure, 1);
    let rows = [
        ("新开工单", "opened", count(orders.opened), ""),
        ("已关闭", "closed", count(orders.closed), ""),
        ("由设备数据证实修复", "proven by the machine's data", count(orders.proven), ""),
        ("平均响应（服务时间）", "mean response, service time", hours(&orders.response_h), "h"),
        ("平均修复（服务时间）", "mean repair, service time", hours(&orders.repair_h), "h"),
        ("一次修复率", "repaired for good at once", share(&orders.first_time_fix), ""),
        ("合同响应及时率", "response in time by contract", share(&orders.response_in_time), ""),
        ("合同修复及时率", "repair in time by contract", share(&orders.repair_in_time), ""),
    ];
    let row = |(zh, en, cell, unit): (&str, &str, Cell, &str)| {
        vec![Cell::Words(Text::new(zh, en)), cell, Cell::Words(Text::same(unit))]
    };
    Table::new(Text::new("工单", "work orders"), columns, rows.map(row).into())
}

fn parts(orders: &Orders) -> Option<Block> {
    let columns = vec![Column::new("耗材与备件", "part", ""), Column::new("数量", "count", "")];
    let row = |(name, count): &(String, u32)| {
        vec![Cell::Name(Text::same(name)), Cell::number(f64::from(*count), 0)]
    };
    let rows: Vec<_> = orders.parts.iter().map(row).collect();
    let title = Text::new("工单中使用的耗材与备件", "parts that were used");
    (!rows.is_empty()).then(|| Block::Table(Table::new(title, columns, rows)))
}

fn consumed(consumed: &[Consumed]) -> Option<Block> {
    let columns = vec![
        Column::new("设备类型", "kind", ""),
        Column::new("计数", "counter", ""),
        Column::new("台数", "machines", ""),
        Column::new("本期", "in the period", ""),
        Column::new("每工作日", "on a working day", ""),
        Column::new("下期预计", "expected in the next", ""),
    ];
    let row = |one: &Consumed| {
        vec![
            Cell::Words(words(&one.name)),
            Cell::Words(words(&one.what)),
            Cell::number(f64::from(one.machines), 0),
            Cell::number(one.count, 0),
            Cell::figure(&one.per_working_day, 1.0, 1),
            Cell::figure(&one.next_period, 1.0, 0),
        ]
    };
    let rows: Vec<_> = consumed.iter().map(row).collect();
    let title =
        Text::new("打印、出票与办理量（按设备计数器）", "pages, tickets and services by counters");
    (!rows.is_empty()).then(|| Block::Table(Table::new(title, columns, rows)))
}

fn alerts(alerts: &[Raised]) -> Table {
    let columns = vec![
        Column::new("级别", "severity", ""),
        Column::new("次数", "raised", ""),
        Column::new("已确认", "acknowledged", ""),
        Column::new("平均确认", "until then", "min"),
        Column::new("噪声比", "noise", ""),
        Column::new("期末未恢复", "open at the end", ""),
    ];
    let row = |raised: &Raised| {
        let severity = Severity::parse(&raised.severity).map(Severity::text);
        vec![
            Cell::Words(severity.unwrap_or_else(|| Text::same(&raised.severity))),
            Cell::number(f64::from(raised.count), 0),
            Cell::number(f64::from(raised.acknowledged), 0),
            Cell::figure(&raised.acknowledged_min, 1.0, 0),
            Cell::percent(&raised.noise, 1),
            Cell::number(f64::from(raised.open), 0),
        ]
    };
    let rows = alerts.iter().map(row).collect();
    Table::new(Text::new("各级告警", "alerts by severity"), columns, rows).summed(&[1, 2, 5])
}
