//! What is read, what is refused, and that each refusal names its token.

use super::super::ast::{Dimension, Fill, Order};
use super::*;

fn error(text: &str) -> String {
    parse(text).unwrap_err().to_string()
}

#[test]
fn the_query_of_a_dashboard_is_read() {
    let text = r#"SELECT mean("ac_power_w") AS "p" FROM "pv_inverter" WHERE ("device" =~ /^(A|B)$/)
        AND time >= 1700000000000ms and time <= 1700003600000ms
        GROUP BY time(30s, -5s), "device"::tag, * fill(linear) ORDER BY time DESC LIMIT 5 OFFSET 1
        tz('Asia/Shanghai')"#;
    let statements = parse(text).unwrap();
    let [Statement::Select(select)] = statements.as_slice() else { unreachable!() };
    assert_eq!(select.columns[0].alias.as_deref(), Some("p"));
    assert_eq!(select.dimensions, [Dimension::Tag("device".into()), Dimension::All]);
    assert_eq!((select.fill, select.limit, select.offset), (Fill::Linear, Some(5), 1));
    assert_eq!(select.order.map(|order| order.0), Some(Order::Descending));
    assert!(select.zone.is_some());
}

#[test]
fn errors_name_the_token_and_the_place() {
    for (text, shown) in [
        ("", "found `EOF`, expected SELECT or SHOW at line 1, char 1"),
        (
            "DROP DATABASE x",
            "`DROP` is not answered here at line 1, char 1: it is read only, say SELECT or SHOW",
        ),
        (
            "SELECT a INTO b FROM c",
            "`INTO` is not answered here at line 1, char 10: it is read only, say SELECT or SHOW",
        ),
        (
            "SELECT /a/ FROM b",
            "`/a/` is not answered here at line 1, char 8: name the fields, or say *",
        ),
        (
            "SELECT a FROM b ORDER BY c",
            "`c` is not answered here at line 1, char 26: say ORDER BY time",
        ),
        (
            "SELECT a FROM b WHERE\n c =~ 'x'",
            "found `x`, expected a regular expression like /^INV/ at line 2, char 7",
        ),
        ("SELECT a FROM b tz('Mars')", "`Mars` is no time zone at line 1, char 20"),
        (
            "SELECT a FROM b WHERE c =~ /(/",
            "`(` is no usable regular expression at line 1, char 28",
        ),
        ("SELECT a FROM b, FROM", "found `FROM`, expected a name at line 1, char 18"),
        ("SELECT a & 1 FROM b", "`&` is not answered here at line 1, char 10: there are + - * / %"),
        (
            "SELECT a FROM b GROUP BY time(0s)",
            "found `0s`, expected a duration like 5m at line 1, char 31",
        ),
        ("SELECT a FROM b nonsense", "found `nonsense`, expected ; or the end at line 1, char 17"),
    ] {
        assert_eq!(error(text), shown, "{text}");
    }
    assert!(error("SHOW GRANTS FOR x").starts_with("`GRANTS FOR` is not answered here"));
}

#[test]
fn depth_is_bounded() {
    for text in [
        format!("SELECT {}a{} FROM b", "(".repeat(5000), ")".repeat(5000)),
        format!("SELECT {}a FROM b", "- ".repeat(5000)),
        format!("SELECT {}a{} FROM b", "max(".repeat(5000), ")".repeat(5000)),
        format!("SELECT a{} FROM b", "+a".repeat(5000)),
        format!("SELECT a FROM {}b{}", "(SELECT a FROM ".repeat(5000), ")".repeat(5000)),
    ] {
        assert!(matches!(parse(&text).unwrap_err(), QueryError::TooMuch { .. }));
    }
    assert_eq!(parse(&" ".repeat(300_000)).unwrap_err(), QueryError::TooLong);
}
