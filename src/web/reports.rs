//! Reports in their forms; what people enter of meters; months that are closed and signed.

use axum::body::{Body, Bytes};
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use jiff::civil::Date;
use serde::Deserialize;

use crate::books::{BooksError, Entry, Role, Seal, What};
use crate::energy::Amount;
use crate::report::{Form, Length, Period, ReportError, Reports, Supply, Which};

use super::api::{Answer, Web, body_of, json, name_of, note_of};
use super::dto;
use super::problem::Problem;

/// Months in the list, and entries.
const MONTHS_MAX: usize = 120;
const ENTRIES_MAX: usize = 200;

fn problem(error: &ReportError) -> Problem {
    let status = match error {
        ReportError::Books(BooksError::Journal(_)) | ReportError::Days(_) => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        ReportError::Books(
            BooksError::NotClosed(_) | BooksError::NoEntry(_) | BooksError::NoRevision { .. },
        ) => StatusCode::NOT_FOUND,
        ReportError::Books(
            BooksError::NoName(_)
            | BooksError::NoReason
            | BooksError::TooLong(_)
            | BooksError::Ahead(_)
            | BooksError::TooOld(_)
            | BooksError::Negative(_)
            | BooksError::Implausible { .. }
            | BooksError::NoSpan(_),
        ) => StatusCode::BAD_REQUEST,
        ReportError::Books(_)
        | ReportError::Running(_)
        | ReportError::Ahead(_)
        | ReportError::Unknown(_)
        | ReportError::Blocked(_) => StatusCode::CONFLICT,
        ReportError::NoFont { .. } | ReportError::NoPdf => StatusCode::NOT_IMPLEMENTED,
        ReportError::Broken(_)
        | ReportError::Paper(_)
        | ReportError::Platform(_)
        | ReportError::Mail(_)
        | ReportError::Sheet(_) => StatusCode::INTERNAL_SERVER_ERROR,
    };
    let text = match error {
        ReportError::Books(error) => error.hint(),
        other => other.text(),
    };
    Problem::new(status, error.to_string()).hint(&text.zh, &text.en)
}

fn of_books(error: BooksError) -> Problem {
    problem(&error.into())
}

fn period_of(period: Result<Path<String>, PathRejection>) -> Result<Period, Problem> {
    let Path(word) = period.map_err(|_| Problem::not_found("such period"))?;
    word.parse().map_err(|error: crate::report::NoPeriod| {
        let hint = crate::report::NoPeriod::hint();
        Problem::bad_request(error.to_string()).hint(&hint.zh, &hint.en)
    })
}

/// `GET /api/v1/reports`
pub(super) async fn list(State(shared): Web) -> Answer {
    let reports = &shared.context.reports;
    let (book, now) = (reports.books.book(), shared.now());
    let today = reports.daybook.date(now);
    let first = reports.first_day().await.map_err(|error| problem(&error))?;
    let month = |period: Period| dto::ReportMonth {
        period: period.to_string(),
        text: period.text().into(),
        running: period.last() >= today,
        entries_since: reports.entries_since(period),
        revisions: {
            let name = period.to_string();
            let own = book.seals().iter().rev().filter(|seal| seal.period == name);
            own.map(|seal| revision(&book, seal)).collect()
        },
    };
    let newest = Period::of(Length::Month, today);
    let months = std::iter::successors(Some(newest), |month| Some(month.previous()));
    let months: Vec<Period> =
        months.take_while(|month| month.last() >= first).take(MONTHS_MAX).collect();
    let mut others: Vec<Period> =
        book.seals().iter().filter_map(|seal| seal.period.parse().ok()).collect();
    others.retain(|period| !months.contains(period));
    others.sort();
    others.dedup();
    let entries = reports.entries();
    let entry = |edit: crate::report::Edit| dto::ReportEntry {
        id: edit.id,
        name: dto::Text { zh: edit.name.zh, en: edit.name.en },
        what: dto::Text { zh: edit.what.zh, en: edit.what.en },
        who: edit.who,
        why: edit.why,
        at_ms: edit.entered_ms,
        taken_back: edit.taken_back,
    };
    json(&dto::Reports {
        now_ms: now.ms(),
        months: months.into_iter().map(month).collect(),
        others: others.into_iter().map(month).collect(),
        meters: meters(reports),
        entries: entries.into_iter().rev().take(ENTRIES_MAX).map(entry).collect(),
        forms: Form::ALL.map(Form::as_str).into(),
    })
}

fn revision(book: &crate::books::Book, seal: &Seal) -> dto::ReportRevision {
    let signature = |signature: &crate::books::Signature| dto::ReportSignature {
        role: signature.role.as_str(),
        who: signature.who.clone(),
        at_ms: signature.time_ms,
    };
    dto::ReportRevision {
        revision: seal.revision,
        who: seal.who.clone(),
        why: seal.why.clone(),
        at_ms: seal.time_ms,
        hash: seal.hash.clone(),
        signatures: book.signatures(seal).map(signature).collect(),
    }
}

/// The meters of which something can be entered: those that people read first.
fn meters(reports: &Reports) -> Vec<dto::ReportMeter> {
    let book = reports.books.book();
    let mut meters = Vec::new();
    for own in &reports.config.by_hand {
        let (unit, scale) = own.supply.unit();
        let readings = book.readings(own.id.as_str(), own.supply.point());
        let last = readings.last().and_then(|entry| entry.shown());
        meters.push(dto::ReportMeter {
            id: own.id.to_string(),
            name: (&own.name).into(),
            supply: own.supply.as_str(),
            unit,
            by_hand: true,
            last: last.map(|(time, value, _)| dto::ReportShown {
                at_ms: time.ms(),
                value: value.units() / scale,
            }),
        });
    }
    for meter in &reports.config.meters {
        let device = reports.devices.iter().map(|known| &known.0).find(|d| d.id == meter.device);
        if let Some(device) = device {
            meters.push(dto::ReportMeter {
                id: device.id.to_string(),
                name: (&device.name).into(),
                supply: Supply::Electricity.as_str(),
                unit: Supply::Electricity.unit().0,
                by_hand: false,
                last: None,
            });
        }
    }
    meters
}

/// `?form=pdf&lang=zh&revision=2`, or `&now=true` for figures of now although it is closed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReportQuery {
    form: Option<String>,
    lang: Option<String>,
    revision: Option<u32>,
    #[serde(default)]
    now: bool,
    /// To be kept as a file and not shown.
    #[serde(default)]
    save: bool,
}

/// `GET /api/v1/reports/{period}`
pub(super) async fn one(
    State(shared): Web,
    period: Result<Path<String>, PathRejection>,
    query: Result<Query<ReportQuery>, QueryRejection>,
) -> Answer {
    let period = period_of(period)?;
    let Query(query) = query.map_err(|error| Problem::bad_request(error.body_text()))?;
    let word = query.form.as_deref().unwrap_or("json");
    let form = Form::ALL.into_iter().find(|form| form.as_str() == word);
    let form = form.ok_or_else(|| {
        Problem::bad_request(format!("there is no form `{}`", word.escape_debug()))
            .hint("form 为 json、html、pdf、xlsx 或 csv", "form is json, html, pdf, xlsx or csv")
    })?;
    let chinese = match query.lang.as_deref() {
        None | Some("zh") => true,
        Some("en") => false,
        Some(other) => {
            return Err(Problem::bad_request(format!("there is no `{}`", other.escape_debug()))
                .hint("lang 为 zh 或 en", "lang is zh or en"));
        }
    };
    let which = match (query.now, query.revision) {
        (true, _) => Which::Now,
        (false, Some(revision)) => Which::Revision(revision),
        (false, None) => Which::Latest,
    };
    let reports = shared.context.reports.clone();
    let permit = shared.reports.clone().acquire_owned().await;
    let permit = permit.map_err(|_| Problem::unavailable("the page is about to stop"))?;
    let told = reports.told(period, which, &|_, _| ()).await.map_err(|e| problem(&e))?;
    let name = told.file_name(form);
    let printed = tokio::task::spawn_blocking(move || {
        let printed = told.printed(form, chinese, reports.config.fonts.as_deref());
        drop(permit);
        printed
    });
    let printed = printed.await.map_err(|_| Problem::unavailable("the report broke off"))?;
    let mut response = Response::new(Body::from(printed.map_err(|error| problem(&error))?));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(form.media_type()));
    let shown = if query.save { "attachment" } else { "inline" };
    // Ids of sites and periods are plain.
    if let Ok(named) = HeaderValue::from_str(&format!("{shown}; filename=\"{name}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, named);
    }
    Ok(response)
}

/// Who closes, and why again or in spite of what.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Close {
    by: String,
    #[serde(default)]
    why: String,
}

/// `POST /api/v1/reports/{period}/close`
pub(super) async fn close(
    State(shared): Web,
    period: Result<Path<String>, PathRejection>,
    body: Bytes,
) -> Answer {
    let period = period_of(period)?;
    let Close { by, why } = body_of(&body)?;
    let (by, why) = (name_of("by", &by)?, note_of("why", &why)?);
    let permit = shared.reports.acquire().await;
    let _permit = permit.map_err(|_| Problem::unavailable("the page is about to stop"))?;
    let reports = &shared.context.reports;
    let seal = reports.close(period, (by, why), &|_, _| ()).await.map_err(|e| problem(&e))?;
    json(&revision(&reports.books.book(), &seal))
}

/// Who signs, and what for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sign {
    by: String,
    role: Role,
}

/// `POST /api/v1/reports/{period}/sign`
pub(super) async fn sign(
    State(shared): Web,
    period: Result<Path<String>, PathRejection>,
    body: Bytes,
) -> Answer {
    let period = period_of(period)?.to_string();
    let Sign { by, role } = body_of(&body)?;
    let books = &shared.context.reports.books;
    books.sign(&period, role, name_of("by", &by)?).await.map_err(of_books)?;
    let book = books.book();
    let seal = book.seal(&period).ok_or_else(|| Problem::not_found("such closed period"))?;
    json(&revision(&book, seal))
}

/// What a register showed, or what was counted in some days.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Enter {
    meter: String,
    by: String,
    #[serde(default)]
    why: String,
    /// In the unit of the meter.
    value: f64,
    /// What a register showed: when.
    at_ms: Option<i64>,
    /// It is the first value of a new register.
    #[serde(default)]
    first_of_new: bool,
    /// What was counted: from this day on.
    first: Option<String>,
    /// Until this day, with it.
    last: Option<String>,
    #[serde(default)]
    estimated: bool,
    /// It takes away what was counted too much.
    #[serde(default)]
    correction: bool,
}

/// `POST /api/v1/entries`
pub(super) async fn enter(State(shared): Web, body: Bytes) -> Answer {
    let asked: Enter = body_of(&body)?;
    let reports = &shared.context.reports;
    let (supply, by_hand) = meter(reports, &asked.meter)?;
    let (_, scale) = supply.unit();
    let value = Amount::of_register(asked.value * scale).ok_or_else(|| {
        Problem::bad_request(format!("`{:e}` is no value of a meter", asked.value))
            .hint("数值过大", "the value is too large")
    })?;
    if asked.value < 0.0 && asked.at_ms.is_none() && !asked.correction {
        return Err(Problem::bad_request(format!("`{}` is less than nothing", asked.value))
            .hint("冲减多计的用量请加 correction", "what takes away needs `correction`"));
    }
    if asked.estimated && asked.at_ms.is_some() {
        return Err(Problem::bad_request("a reading is not estimated")
            .hint("估算请按起止日期录入用量", "enter an estimate as an amount of some days"));
    }
    let what = match (asked.at_ms, &asked.first, &asked.last) {
        (Some(at_ms), None, None) if by_hand => {
            What::Shown { at_ms, value, first: asked.first_of_new }
        }
        (Some(_), None, None) => {
            return Err(Problem::bad_request(format!("`{}` is read by itself", asked.meter)).hint(
                "该表自动采集，只能补录电量",
                "it is read by itself: enter an amount of some days",
            ));
        }
        (None, Some(first), Some(last)) => {
            let (first, last) = (day(first)?, day(last)?);
            What::Counted { first, last, amount: value, estimated: asked.estimated }
        }
        _ => {
            return Err(Problem::bad_request("either `at_ms`, or `first` and `last`")
                .hint("填写抄表时间，或起止日期", "give a time, or the first and the last day"));
        }
    };
    let entry = Entry {
        id: 0,
        device: asked.meter,
        point: supply.point().to_owned(),
        what,
        who: name_of("by", &asked.by)?,
        why: note_of("why", &asked.why)?,
        time_ms: 0,
    };
    if let What::Counted { first, last, amount, .. } = entry.what
        && amount < Amount::ZERO
    {
        let counted = reports.counted(&entry.device, &entry.point, (first, last)).await;
        let counted = counted.map_err(|error| problem(&error.into()))?;
        if counted + amount < Amount::ZERO {
            let (unit, scale) = supply.unit();
            let counted = format!("{:.3} {unit}", counted.units() / scale);
            return Err(Problem::bad_request(format!(
                "`{}` is more than was counted",
                asked.value
            ))
            .hint(
                &format!("这些日期只计了 {counted}，不能冲减更多"),
                &format!("{counted} were counted in these days: no more can be taken away"),
            ));
        }
    }
    let entry = reports.books.enter(entry).await.map_err(of_books)?;
    json(&serde_json::json!({ "id": entry.id }))
}

fn day(word: &str) -> Result<Date, Problem> {
    word.parse().map_err(|_| {
        Problem::bad_request(format!("`{}` is no date", word.escape_debug()))
            .hint("日期写作 2026-10-31", "write a date as 2026-10-31")
    })
}

/// What a meter counts, and whether people read it.
fn meter(reports: &Reports, id: &str) -> Result<(Supply, bool), Problem> {
    let by_hand = reports.config.by_hand.iter().find(|own| own.id.as_str() == id);
    let own = reports.config.meters.iter().any(|meter| meter.device.as_str() == id);
    match (by_hand, own) {
        (Some(by_hand), _) => Ok((by_hand.supply, true)),
        (None, true) => Ok((Supply::Electricity, false)),
        (None, false) => {
            let by_hand = reports.config.by_hand.iter().map(|own| own.id.as_str());
            let all = by_hand.chain(reports.config.meters.iter().map(|m| m.device.as_str()));
            let mut known: Vec<&str> = all.collect();
            known.sort_unstable();
            known.dedup();
            let known = known.join(", ");
            Err(Problem::not_found("such meter")
                .hint(&format!("已知的表：{known}"), &format!("known meters: {known}")))
        }
    }
}

/// Who takes an entry back, and why.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TakeBack {
    by: String,
    #[serde(default)]
    why: String,
}

/// `POST /api/v1/entries/{id}/take-back`
pub(super) async fn take_back(
    State(shared): Web,
    id: Result<Path<u64>, PathRejection>,
    body: Bytes,
) -> Answer {
    let Path(id) = id.map_err(|_| Problem::not_found("such entry"))?;
    let TakeBack { by, why } = body_of(&body)?;
    let (by, why) = (name_of("by", &by)?, note_of("why", &why)?);
    shared.context.reports.books.take_back(id, by, why).await.map_err(of_books)?;
    json(&serde_json::json!({ "id": id }))
}
