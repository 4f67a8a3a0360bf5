//! A chart of a sheet, on the numbers below it.

use rust_xlsxwriter::{Chart, ChartFormat, ChartLine, ChartLineDashType, ChartType};

use crate::model::Text;

use super::super::document;

/// Size on the sheet, pixels.
const WIDTH: u32 = 760;
const HEIGHT: u32 = 300;

/// Bars and a dashed line over numbers that begin in a row of a sheet: labels, bars, line.
pub(super) fn drawn(
    own: &document::Chart,
    sheet: &str,
    first: u32,
    pick: &dyn Fn(&Text) -> String,
) -> Chart {
    let last = first + u32::try_from(own.labels.len().max(1)).unwrap_or(1) - 1;
    let mut chart = Chart::new(ChartType::Column);
    let labels = (sheet, first, 0, last, 0);
    chart
        .add_series()
        .set_name(format!("{} ({})", pick(&own.title), own.unit).as_str())
        .set_categories(labels)
        .set_values((sheet, first, 1, last, 1))
        .set_format(
            ChartFormat::new()
                .set_solid_fill(rust_xlsxwriter::ChartSolidFill::new().set_color("#9CBCD6")),
        );
    if let Some((title, unit, _)) = &own.line {
        let mut dashed = ChartLine::new();
        dashed.set_color("#7C2D12").set_dash_type(ChartLineDashType::Dash);
        let mut line = Chart::new(ChartType::Line);
        line.add_series()
            .set_name(format!("{} ({unit})", pick(title)).as_str())
            .set_categories(labels)
            .set_values((sheet, first, 2, last, 2))
            .set_format(ChartFormat::new().set_line(&dashed))
            .set_secondary_axis(*unit != own.unit);
        if *unit != own.unit {
            line.y2_axis().set_name(*unit);
        }
        chart.combine(&line);
    }
    chart.title().set_name(pick(&own.title).as_str());
    chart.y_axis().set_name(own.unit);
    chart.legend().set_position(rust_xlsxwriter::ChartLegendPosition::Bottom);
    chart.set_width(WIDTH).set_height(HEIGHT);
    chart
}
