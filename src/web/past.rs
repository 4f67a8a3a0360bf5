//! The past of a device: what its points did in steps of minutes, hours, local days or months.

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::Deserialize;

use crate::counter::Nature;
use crate::history::{Asked, HistoryError, STEPS_MAX, Windows};
use crate::model::{PointName, Timestamp};

use super::api::{Answer, Web, json};
use super::dto;
use super::problem::Problem;

/// Points in one answer.
const POINTS_MAX: usize = 12;
/// The longest span: as long as the history is kept, and some.
const SPAN_MS_MAX: i64 = 15 * 366 * 24 * 3600 * 1000;

/// `?points=ac_power_w,energy_total_wh&from_ms=…&to_ms=…&step=5m`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Question {
    points: String,
    from_ms: i64,
    to_ms: i64,
    step: String,
}

/// Length of the windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Ms(i64),
    LocalDay,
    LocalMonth,
}

impl Step {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "1d" => return Some(Self::LocalDay),
            "1mo" => return Some(Self::LocalMonth),
            _ => {}
        }
        let unit = text.chars().next_back()?;
        let ms = match unit {
            's' => 1_000,
            'm' => 60_000,
            'h' => 3_600_000,
            _ => return None,
        };
        let number: i64 = text.strip_suffix(unit)?.parse().ok()?;
        (number > 0).then_some(Self::Ms(number.checked_mul(ms)?))
    }

    fn windows(
        self,
        from: Timestamp,
        to: Timestamp,
        zone: &jiff::tz::TimeZone,
    ) -> Result<Windows, HistoryError> {
        match self {
            Self::Ms(step) => Windows::every_ms(from, to, step),
            Self::LocalDay => Windows::days(from, to, zone),
            Self::LocalMonth => Windows::months(from, to, zone),
        }
    }
}

/// `GET /api/v1/devices/{id}/past`
pub(super) async fn past(
    State(shared): Web,
    id: Result<Path<String>, PathRejection>,
    question: Result<Query<Question>, QueryRejection>,
) -> Answer {
    let Path(id) = id.map_err(|_| Problem::not_found("such device"))?;
    let Query(question) = question.map_err(|error| {
        Problem::bad_request(error.body_text())
            .hint("写明 points、from_ms、to_ms 和 step", "say points, from_ms, to_ms and step")
    })?;
    let points: Result<Vec<PointName>, _> =
        question.points.split(',').map(PointName::parse).collect();
    let points = points.ok().filter(|points| points.len() <= POINTS_MAX).ok_or_else(|| {
        Problem::bad_request("`points` names 1 to 12 points")
            .hint("一次 1 至 12 个测点，用逗号隔开", "1 to 12 points at once, with commas between")
    })?;
    let step = Step::parse(&question.step).ok_or_else(|| {
        Problem::bad_request(format!("`{}` is no step", question.step))
            .hint("例如 5m、1h、1d、1mo", "write 5m, 1h, 1d or 1mo")
    })?;
    let (from, to) = (Timestamp::from_ms(question.from_ms), Timestamp::from_ms(question.to_ms));
    let span_ms = question.to_ms.checked_sub(question.from_ms);
    if !span_ms.is_some_and(|ms| (1..=SPAN_MS_MAX).contains(&ms)) {
        return Err(Problem::bad_request("the span is not between a moment and 15 years")
            .hint("from_ms 要早于 to_ms", "from_ms has to be before to_ms"));
    }
    let windows = step.windows(from, to, shared.context.journal.zone()).map_err(problem)?;
    if windows.len().saturating_mul(points.len()) > STEPS_MAX {
        return Err(problem(HistoryError::BadSteps));
    }
    let found = shared.context.live.look(|board| {
        let live = board.iter().find(|live| live.device.id.as_str() == id)?;
        let (device, profile) = (live.device.clone(), live.profile.clone());
        let asked = points.iter().map(|point| Asked {
            point: point.to_string(),
            counter: Nature::of(point.as_str(), profile.as_deref(), device.rated_power_w),
            hold_ms: device.stale_after_ms,
        });
        Some((device.id.clone(), asked.collect()))
    });
    let (device, asked): (_, Vec<Asked>) =
        found.ok_or_else(|| Problem::not_found("such device"))?;
    // Few at once: two cores have other things to do.
    let turn = shared.pasts.acquire().await;
    let told = shared.past.windows(&device, asked, windows).await.map_err(problem)?;
    drop(turn);
    json(&dto::Past::of(device.as_str(), &points, told))
}

fn problem(error: HistoryError) -> Problem {
    let status = match error {
        HistoryError::BadSteps | HistoryError::TooManyReadings => StatusCode::BAD_REQUEST,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    };
    let hint = error.hint();
    Problem::new(status, error.to_string()).hint(&hint.zh, &hint.en)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_read() {
        let of = Step::parse;
        assert_eq!((of("5m"), of("1h")), (Some(Step::Ms(300_000)), Some(Step::Ms(3_600_000))));
        assert_eq!((of("1d"), of("1mo")), (Some(Step::LocalDay), Some(Step::LocalMonth)));
        for bad in ["", "m", "0m", "-1m", "1w", "9999999999999999h", "五分"] {
            assert_eq!(of(bad), None, "{bad}");
        }
    }
}
