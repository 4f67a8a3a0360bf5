//! Charts as SVG: bars with a line over them, readable in grey on paper.

use std::fmt::Write as _;

use crate::model::{Text, escaped};

use super::document::Chart;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 220.0;
const LEFT: f64 = 56.0;
const RIGHT: f64 = 56.0;
const TOP: f64 = 28.0;
const BOTTOM: f64 = 26.0;
const INK: &str = "#1b2733";
const RULE: &str = "#c9d2da";
/// Light bars and a dark, dashed line: they differ without colour.
const BAR: &str = "#9cbcd6";
const LINE: &str = "stroke=\"#7c2d12\" fill=\"none\" stroke-width=\"2\" stroke-dasharray=\"5 3\"";
/// Lines across, beside the base.
const STEPS: u32 = 4;
/// Decimals of the smallest axis: those of a watt-hour in MWh.
const DECIMALS_MAX: i32 = 6;
/// More labels than this stand too close.
const LABELS_MAX: usize = 31;

/// The largest value of an axis that ends with a round number.
fn round_up(value: f64) -> f64 {
    if value <= 0.0 || !value.is_finite() {
        return 1.0;
    }
    let power = 10_f64.powf(value.log10().floor());
    // Their quarters are short to write.
    let steps = [1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 10.0];
    steps.into_iter().map(|step| step * power).find(|top| *top >= value).unwrap_or(10.0 * power)
}

fn top_of(values: &[Option<f64>]) -> f64 {
    round_up(values.iter().flatten().copied().fold(0.0, f64::max))
}

/// A value on an axis, with as many decimals as the lines across need.
fn axis(value: f64, top: f64) -> String {
    let step = top / f64::from(STEPS);
    let is_written = |digits: &i32| {
        let scaled = step * 10_f64.powi(*digits);
        (scaled - scaled.round()).abs() < 1e-6 * scaled.max(1.0)
    };
    let digits = (0..=DECIMALS_MAX).find(is_written).unwrap_or(DECIMALS_MAX);
    format!("{value:.digits$}", digits = digits.unsigned_abs() as usize)
}

/// Where things stand.
struct Frame {
    high: f64,
    step: f64,
    top: f64,
    /// Top of the line's own axis.
    line_top: Option<f64>,
}

/// The chart as SVG, its words in one language; on paper in a font, on a page in that of the page.
pub(super) fn svg(chart: &Chart, pick: &dyn Fn(&Text) -> String, font: Option<&str>) -> String {
    let bars = u32::try_from(chart.bars.len().max(1)).unwrap_or(1);
    let (mut top, mut line_top) =
        (top_of(&chart.bars), chart.line.as_ref().map(|(_, _, points)| top_of(points)));
    if chart.line.as_ref().is_some_and(|(_, unit, _)| *unit == chart.unit) {
        // What has one unit is drawn on one scale.
        top = line_top.map_or(top, |line| line.max(top));
        line_top = line_top.map(|_| top);
    }
    let frame = Frame {
        high: HEIGHT - TOP - BOTTOM,
        step: (WIDTH - LEFT - RIGHT) / f64::from(bars),
        top,
        line_top,
    };
    let font = font.map(|font| format!(" font-family=\"{}\"", escaped(font))).unwrap_or_default();
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
         font-size=\"11\" fill=\"{INK}\"{font} aria-label=\"{}\">",
        escaped(&pick(&chart.title))
    );
    scales(&mut svg, &frame);
    bars_of(&mut svg, chart, &frame);
    let legend = escaped(&format!("{} ({})", pick(&chart.title), chart.unit));
    push(
        &mut svg,
        format_args!(
            "<rect x=\"{LEFT}\" y=\"5\" width=\"9\" height=\"9\" fill=\"{BAR}\"/>\
             <text x=\"{:.1}\" y=\"14\">{legend}</text>",
            LEFT + 14.0
        ),
    );
    if let (Some((title, unit, points)), Some(top)) = (&chart.line, frame.line_top) {
        line_of(&mut svg, points, &frame, top);
        let (legend, end) = (escaped(&format!("{} ({unit})", pick(title))), WIDTH - RIGHT);
        push(
            &mut svg,
            format_args!(
                "<path {LINE} d=\"M{:.1} 10H{end:.1}\"/>\
                 <text x=\"{:.1}\" y=\"14\" text-anchor=\"end\">{legend}</text>",
                end - 26.0,
                end - 32.0
            ),
        );
    }
    svg.push_str("</svg>");
    svg
}

/// Lines across, with the values of both axes.
fn scales(svg: &mut String, frame: &Frame) {
    let right = WIDTH - RIGHT;
    for line in 0..=STEPS {
        let part = f64::from(line) / f64::from(STEPS);
        let y = TOP + frame.high * (1.0 - part);
        let ink = if line == 0 { INK } else { RULE };
        push(svg, format_args!("<path stroke=\"{ink}\" d=\"M{LEFT} {y:.1}H{right:.1}\"/>"));
        let (value, x, y) = (axis(frame.top * part, frame.top), LEFT - 6.0, y + 4.0);
        push(
            svg,
            format_args!("<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"end\">{value}</text>"),
        );
        if let Some(top) = frame.line_top {
            let (value, x) = (axis(top * part, top), right + 6.0);
            push(svg, format_args!("<text x=\"{x:.1}\" y=\"{y:.1}\">{value}</text>"));
        }
    }
}

/// Where each bar begins.
fn places(frame: &Frame) -> impl Iterator<Item = f64> {
    let step = frame.step;
    (0_u32..).map(move |place| LEFT + step * f64::from(place))
}

fn bars_of(svg: &mut String, chart: &Chart, frame: &Frame) {
    let every = chart.labels.len().div_ceil(LABELS_MAX).max(1);
    let bars = places(frame).zip(&chart.bars).zip(&chart.labels);
    for (place, ((x, value), label)) in bars.enumerate() {
        if let Some(value) = value.filter(|value| *value > 0.0) {
            let tall = frame.high * value / frame.top;
            let (left, y, wide) =
                (x + frame.step * 0.15, TOP + frame.high - tall, frame.step * 0.7);
            push(
                svg,
                format_args!(
                    "<rect fill=\"{BAR}\" x=\"{left:.1}\" y=\"{y:.1}\" width=\"{wide:.1}\" \
                     height=\"{tall:.1}\"/>"
                ),
            );
        }
        if place.is_multiple_of(every) {
            let (x, y, label) = (x + frame.step / 2.0, HEIGHT - 8.0, escaped(label));
            push(
                svg,
                format_args!(
                    "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"middle\">{label}</text>"
                ),
            );
        }
    }
}

fn line_of(svg: &mut String, points: &[Option<f64>], frame: &Frame, top: f64) {
    let (mut path, mut pen) = (String::new(), 'M');
    for (x, point) in places(frame).zip(points) {
        let Some(value) = point else {
            pen = 'M';
            continue;
        };
        let (x, y) = (x + frame.step / 2.0, TOP + frame.high * (1.0 - value / top));
        push(&mut path, format_args!("{pen}{x:.1} {y:.1}"));
        pen = 'L';
    }
    push(svg, format_args!("<path {LINE} d=\"{path}\"/>"));
}

fn push(text: &mut String, part: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    text.write_fmt(part).ok();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_across_is_written_as_what_it_is() {
        for (power, tenths) in (-3..7).flat_map(|p| (10..100).map(move |t| (p, t))) {
            let most = f64::from(tenths) / 10.0 * 10_f64.powi(power);
            let top = round_up(most);
            assert!(top >= most && top <= most * 2.0, "{most}: {top}");
            for line in 0..=STEPS {
                let value = top * f64::from(line) / f64::from(STEPS);
                let written: f64 = axis(value, top).parse().expect("a number");
                assert!((written - value).abs() <= top * 1e-9, "{value} of {top}: {written}");
            }
        }
        assert_eq!(axis(0.5, 1.0), "0.50");
        assert_eq!(axis(50.0, 100.0), "50");
    }
}
