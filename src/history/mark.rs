//! Whether what is kept of a time is still the same, for those who remember what they made of it.

use crate::model::{DeviceId, Timestamp};

use super::error::HistoryError;
use super::near::last_numbers;
use super::{History, Inner, Span, store};

impl History {
    /// A number for each span `from <= time < to`, that is another one when what is kept of it is. It may be
    /// another one also when readings were only packed anew.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub async fn marks(
        &self,
        device: DeviceId,
        spans: Vec<(Timestamp, Timestamp)>,
    ) -> Result<Vec<u64>, HistoryError> {
        let ends = spans.iter().map(|(from, _)| *from).min();
        let ends = ends.zip(spans.iter().map(|(_, to)| *to).max());
        let Some((first, last)) = ends else { return Ok(Vec::new()) };
        self.blocking(move |inner, connection| {
            let span = Span::new(inner, connection, &device, first, last)?;
            Ok(spans.into_iter().map(|(from, to)| mark(&span, from, to)).collect())
        })
        .await
    }

    /// The last measured number of each point before `to`, where it is not too far back.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub async fn last_numbers(
        &self,
        device: DeviceId,
        points: Vec<String>,
        to: Timestamp,
    ) -> Result<Vec<Option<(Timestamp, f64)>>, HistoryError> {
        self.blocking(move |inner: &Inner, connection| {
            let points: Vec<&str> = points.iter().map(String::as_str).collect();
            last_numbers(inner, connection, &device, &points, to)
        })
        .await
    }
}

/// Segments are numbered and never changed: other readings, other numbers. What is not packed yet is counted.
fn mark(span: &Span<'_>, from: Timestamp, to: Timestamp) -> u64 {
    let mut hash = crc32fast::Hasher::new();
    let touches = |place: &&store::Place| place.start < to && place.until >= from;
    for place in span.places.iter().filter(touches) {
        hash.update(&place.id.to_le_bytes());
        hash.update(&place.rows.to_le_bytes());
    }
    let place = |time: Timestamp| span.fresh.partition_point(|reading| reading.time < time);
    let fresh = place(to).saturating_sub(place(from));
    let newest = span.fresh.get(..place(to)).and_then(<[_]>::last);
    let newest = newest.filter(|_| fresh > 0).map_or(0, |reading| reading.time.ms());
    hash.update(&newest.to_le_bytes());
    let fresh = u64::try_from(fresh).unwrap_or(u64::MAX);
    u64::from(hash.finalize()) << 32 | (fresh & 0xffff_ffff)
}
