//! Questions as they are sent and answers as they come, by their letters.

use super::*;
use crate::influx::Secret;

fn asked() -> Asked<'static> {
    Asked {
        measurement: "inverter",
        device: "inv-01",
        site: "l'hall \\ \"x\" ${y}",
        fields: vec!["ac_power_w".to_owned(), "online".to_owned()],
        from: Timestamp::from_ms(1_795_881_600_000),
        to: Timestamp::from_ms(1_795_881_660_500),
    }
}

#[test]
fn names_are_quoted_in_both_languages() {
    assert_eq!(
        asked().influxql(),
        "SELECT \"ac_power_w\", \"online\" FROM \"inverter\" WHERE \"device\" = 'inv-01' AND \
         \"site\" = 'l\\'hall / \"x\" ${y}' AND time >= 1795881600000ms AND time < 1795881660500ms"
    );
    let hostile =
        Asked { fields: vec!["x\" FROM \"a\"; DROP DATABASE b; \\".to_owned()], ..asked() };
    let expected = r#"SELECT "x\" FROM \"a\"; DROP DATABASE b; \\" FROM "inverter" WHERE "#;
    assert!(hostile.influxql().starts_with(expected), "{}", hostile.influxql());
    let version =
        Version::V2 { org: "o".into(), bucket: "a\\b\"${c}".into(), token: Secret::new("t") };
    let config = Config::new("main", "http://h:8086", version, "hall");
    assert_eq!(
        asked().flux(&config),
        "from(bucket: \"a\\\\b\\\"\\${c}\") |> range(start: 2026-11-28T16:00:00Z, stop: \
         2026-11-28T16:01:00.5Z) |> filter(fn: (r) => r._measurement == \"inverter\" and r.device \
         == \"inv-01\" and r.site == \"l'hall / \\\"x\\\" \\${y}\" and (r._field == \
         \"ac_power_w\" or r._field == \"online\")) |> keep(columns: [\"_time\", \"_field\", \
         \"_value\"])"
    );
}

#[test]
fn answers_are_read_by_their_form() {
    let at = Timestamp::from_ms;
    let answer = r#"{"results":[{"statement_id":0,"series":[{"name":"inverter","columns":
        ["time","ac_power_w","online"],"values":[[1000,49.99,true],[2000,null,false],[3000,50,null]]}]}]}"#;
    let expected =
        vec![vec![(at(1000), 49.99), (at(3000), 50.0)], vec![(at(1000), 1.0), (at(2000), 0.0)]];
    assert_eq!(rows(answer, 2), Ok(expected));
    assert_eq!(rows(r#"{"results":[{"statement_id":0}]}"#, 1), Ok(vec![Vec::new()]));
    let refused = r#"{"results":[{"statement_id":0,"error":"database not found: hall"}]}"#;
    assert_eq!(rows(refused, 1), Err("database not found: hall".to_owned()));
    let cut = r#"{"results":[{"series":[{"values":[[1,2]],"partial":true}],"partial":true}]}"#;
    assert!(rows(cut, 1).is_err());
    for broken in ["", "{}", "[]", r#"{"results":[{"series":[{"values":[["x"]]}]}]}"#] {
        assert!(rows(broken, 1).is_err(), "{broken}");
    }

    let fields = ["ac_power_w".to_owned(), "online".to_owned()];
    let answer = ",result,table,_time,_value,_field\r\n\
        ,_result,0,1970-01-01T00:00:03Z,50,ac_power_w\r\n\
        ,_result,0,1970-01-01T00:00:01Z,49.99,ac_power_w\r\n\r\n\
        ,result,table,_time,_value,_field\r\n,_result,1,1970-01-01T00:00:01Z,true,online\r\n\r\n";
    let expected = vec![vec![(at(1000), 49.99), (at(3000), 50.0)], vec![(at(1000), 1.0)]];
    assert_eq!(tables(answer, &fields), Ok(expected));
    assert_eq!(tables("\r\n", &fields), Ok(vec![Vec::new(), Vec::new()]));
    let late = "error,reference\r\nFailed to read,897\r\n";
    assert!(tables(late, &fields).is_err());
}

#[test]
fn one_request_brings_so_much() {
    assert_eq!(Recall::span_ms(1), SPAN_MS_MAX);
    assert_eq!(Recall::span_ms(40), 1750 * STEP_MS);
    assert_eq!(Recall::span_ms(100_000), SPAN_MS_MIN);
}
