//! `hallwatch report`: the figures of a month, or of another period.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, ValueEnum};

use crate::books::Books;
use crate::clock::{SharedClock, SystemClock};
use crate::history::History;
use crate::journal::Archive;
use crate::model::{Text, text};
use crate::past::Past;
use crate::report::{Figure, Figures, Form, NoPeriod, Period, ReportError, Which};

use super::super::check::{Language, one_line};
use super::super::door::Place;
use super::backup::data_folder;
use super::bar::Bar;
use super::{Done, Failure, runtime};

#[derive(Args)]
pub(in crate::cli) struct ReportArguments {
    /// 2026-10 for a month; 2026-10-05, 2026-W41, 2026-Q4 or 2026. 报告期：月、日、周、季、年。
    #[arg(required_unless_present = "schema")]
    period: Option<String>,
    /// The schema of the JSON, and nothing else. 只输出 JSON 的结构定义。
    #[arg(long)]
    schema: bool,
    /// Its form; without it that of the file's ending, or text. 格式；不写则按文件扩展名，否则为文本。
    #[arg(long, value_enum, ignore_case = true)]
    format: Option<Format>,
    /// The file, which is written over; standard output without it. 输出文件（覆盖）；不写则输出到屏幕。
    #[arg(short, long = "out")]
    out: Option<PathBuf>,
    /// As it is now, closed or not. 已关账的也按现有数据重新计算。
    #[arg(long, conflicts_with = "revision")]
    now: bool,
    /// This revision of a closed period. 已关账报告的第几版；不写则最新一版。
    #[arg(long)]
    revision: Option<u32>,
    #[command(flatten)]
    pub(in crate::cli) place: Place,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// The main figures, to read on the screen. 屏幕上看的主要数字。
    Text,
    /// All figures. 全部数字。
    Json,
    /// A page that prints on A4. 网页，可打印为 A4。
    Html,
    /// Tables for a spreadsheet. 表格（CSV）。
    Csv,
    /// For printing and signing. 打印、签字用。
    Pdf,
    /// For a spreadsheet, with charts and formulas. 电子表格，含图表与公式。
    Xlsx,
}

impl Format {
    const fn form(self) -> Option<Form> {
        match self {
            Self::Text => None,
            Self::Json => Some(Form::Json),
            Self::Html => Some(Form::Html),
            Self::Csv => Some(Form::Csv),
            Self::Pdf => Some(Form::Pdf),
            Self::Xlsx => Some(Form::Xlsx),
        }
    }
}

pub(in crate::cli) fn run(arguments: &ReportArguments) -> Done {
    let place = &arguments.place;
    if arguments.schema {
        let schema = serde_json::to_string_pretty(&Figures::schema())?;
        return write(arguments, &lines(&schema));
    }
    let form = form(arguments)?;
    let period: Period =
        arguments.period.as_deref().unwrap_or_default().parse().map_err(|error: NoPeriod| {
            let (said, hint) = (error.text(), NoPeriod::hint());
            let zh = format!("{}；{}", said.zh, hint.zh);
            Failure::told(Text::new(zh, format!("{}; {}", said.en, hint.en)))
        })?;
    let hall = place.hall()?;
    let folder = data_folder(place)?;
    let clock: SharedClock = Arc::new(SystemClock);
    let bar = Bar::new(text!("报告 {period}", "report {period}"), place.lang);
    let told = runtime()?.block_on(async {
        let history = History::look(&folder, clock.clone())?;
        let past = Past::new(history, hall.databases(&clock)?, clock.clone());
        let (archive, zone) = (Archive::look(&folder)?.0, hall.site.time_zone.clone());
        let books = Books::look(archive, zone, clock.clone())?;
        let reports = hall.reports(past, books, &folder, clock);
        let tell = |done: usize, of: usize| bar.tell(done as u64, of as u64);
        let which = match (arguments.now, arguments.revision) {
            (true, _) => Which::Now,
            (false, Some(revision)) => Which::Revision(revision),
            (false, None) => Which::Latest,
        };
        reports.told(period, which, &tell).await.map_err(failed)
    });
    bar.end();
    let told = told?;
    let chinese = place.lang != Some(Language::En);
    let fonts = hall.report.fonts.as_deref();
    let written = match form {
        None => lines(&words(&told.figures, period, place.lang).join("\n")),
        Some(form) => told.printed(form, chinese, fonts).map_err(failed)?,
    };
    write(arguments, &written)
}

/// The form that was asked for, or that the file's ending says; none is text.
fn form(arguments: &ReportArguments) -> Result<Option<Form>, Failure> {
    if let Some(format) = arguments.format {
        return Ok(format.form());
    }
    let ending = arguments.out.as_ref().and_then(|path| path.extension());
    let ending = ending.map(|ending| ending.to_string_lossy().to_ascii_lowercase());
    let Some(ending) = ending.filter(|ending| ending != "txt") else { return Ok(None) };
    match Form::ALL.into_iter().find(|form| form.as_str() == ending) {
        Some(form) => Ok(Some(form)),
        None => Err(Failure::told(text!(
            "不知道 `.{ending}` 是什么格式：文件名以 .pdf、.xlsx、.html、.csv、.json 或 .txt 结尾，或写 --format",
            "`.{ending}` is no form of a report: end the name in .pdf, .xlsx, .html, .csv, .json or .txt, or give --format",
        ))),
    }
}

fn write(arguments: &ReportArguments, written: &[u8]) -> Done {
    match &arguments.out {
        None => std::io::stdout().write_all(written).map_err(Failure::from)?,
        Some(path) => std::fs::write(path, written).map_err(|e| Failure::of_file(path, &e))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn failed(error: ReportError) -> Failure {
    Failure::told(error.text())
}

fn lines(text: &str) -> Vec<u8> {
    format!("{text}\n").into_bytes()
}

/// The main figures, a line each.
fn words(figures: &Figures, period: Period, lang: Option<Language>) -> Vec<String> {
    let say = |text: Text| one_line(text, lang);
    let mut lines = Vec::new();
    let Text { zh, en } = period.text();
    let (name_zh, name_en) = (&figures.name.zh, &figures.name.en);
    lines.push(say(text!("{name_zh} {zh}", "{name_en}, {en}")));
    let mut line = |zh: &str, en: &str, figure: &Figure, unit: &str, scale: f64, digits: usize| {
        let shown = |why: &str| match figure.value {
            Some(value) => format!("{:.digits$} {unit}", value * scale).trim_end().to_owned(),
            None => format!("— ({why})"),
        };
        let why = figure.why.clone();
        let (why_zh, why_en) = why.map_or_else(Default::default, |why| (why.zh, why.en));
        let Text { zh, en } =
            Text::new(format!("{zh}：{}", shown(&why_zh)), format!("{en}: {}", shown(&why_en)));
        lines.push(say(Text::new(zh, en)));
    };
    let used = &figures.electricity;
    line("总用电", "electricity used", &used.total_kwh, "kWh", 1.0, 2);
    line("电网取电", "drawn from the grid", &used.import_kwh, "kWh", 1.0, 2);
    line("上网电量", "given to the grid", &used.export_kwh, "kWh", 1.0, 2);
    line("光伏发电", "made on the roof", &used.pv_kwh, "kWh", 1.0, 2);
    line("绿电占比", "renewable share", &used.renewable_share, "%", 100.0, 1);
    line("单位面积电耗", "for a square metre", &used.per_area_kwhm2, "kWh/m²", 1.0, 3);
    line("电网排放 CO₂", "CO₂ of the grid", &figures.carbon.grid_kg, "kg", 1.0, 1);
    line("光伏减排 CO₂", "CO₂ avoided", &figures.carbon.avoided_kg, "kg", 1.0, 1);
    if let Some(roof) = &figures.roof {
        let plant = &roof.plant;
        line("辐照量", "irradiation", &plant.irradiation_kwhm2, "kWh/m²", 1.0, 2);
        line("等效利用小时", "final yield", &plant.final_yield_h, "h", 1.0, 2);
        line("系统能效比 PR", "performance ratio", &plant.pr, "%", 100.0, 1);
        line("PR（25°C）", "PR at 25 °C", &plant.pr_25, "%", 100.0, 1);
        if plant.pr.value.is_none() {
            line("PR（晴空估算）", "PR by a clear sky", &plant.pr_estimated, "%", 100.0, 1);
        }
        line("时间可利用率", "time availability", &plant.time_availability, "%", 100.0, 2);
    }
    for remark in &figures.remarks {
        let (zh, en) = (&remark.zh, &remark.en);
        lines.push(say(text!("注：{zh}", "note: {en}")));
    }
    lines
}
