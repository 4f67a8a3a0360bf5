//! Whole queries: what is answered, what one failing statement does to the others, how much is read,
//! and that no text does harm.

mod hall;
mod soup;

use hall::Hall;

use super::*;

/// Ten minutes after the last reading.
const NOW: i64 = 1_700_004_200_000_000_000;

fn asked() -> Asked<'static> {
    Asked { database: Some("hall"), now_ns: NOW }
}

fn json(hall: &Hall, text: &str) -> String {
    match answer(hall, text, asked()) {
        Ok(answer) => answer.to_json(Epoch::parse("s")),
        Err(error) => error.to_json(),
    }
}

/// The rows of the only series.
fn rows(hall: &Hall, text: &str) -> String {
    let json = json(hall, text);
    let rows = json.split_once("\"values\":").map(|(_, rows)| rows.trim_end().to_owned());
    rows.map_or(json, |rows| rows.trim_end_matches("}]}]}").to_owned())
}

#[test]
fn a_dashboard_is_answered() {
    let text = "SELECT mean(power_w) / 1000 FROM inverter WHERE device =~ /A|B/ AND \
                time >= 1700000000s AND time < 1700000040s GROUP BY time(20s), device fill(null)";
    assert_eq!(
        json(&Hall::new(), text),
        "{\"results\":[{\"statement_id\":0,\"series\":[{\"name\":\"inverter\",\"tags\":{\"device\":\
         \"A\"},\"columns\":[\"time\",\"mean\"],\"values\":[[1700000000,0.005],[1700000020,0.025]]},\
         {\"name\":\"inverter\",\"tags\":{\"device\":\"B\"},\"columns\":[\"time\",\"mean\"],\
         \"values\":[[1700000000,1.005],[1700000020,1.025]]}]}]}\n"
    );
}

#[test]
fn statements_are_answered_each_by_itself() {
    let text = "SELECT mean(online) FROM inverter; SHOW DATABASES; SELECT last(power_w) FROM none";
    assert_eq!(
        json(&Hall::new(), text),
        "{\"results\":[{\"statement_id\":0,\"error\":\"`mean` cannot work on `online`, which is \
         boolean\"},{\"statement_id\":1,\"series\":[{\"name\":\"databases\",\"columns\":[\"name\"],\
         \"values\":[[\"hall\"]]}]},{\"statement_id\":2}]}\n"
    );
    let parsing = json(&Hall::new(), "SHOW DATABASES; SELECT");
    assert_eq!(
        parsing,
        "{\"error\":\"error parsing query: found `EOF`, expected a name, a number, a text or a \
         function at line 1, char 23\"}\n"
    );
}

#[test]
fn only_this_database_is_answered() {
    let elsewhere = Asked { database: Some("other"), now_ns: NOW };
    let statement = |text| answer(&Hall::new(), text, elsewhere).unwrap().statements.remove(0);
    let missing = Err(QueryError::Database("other".to_owned()));
    assert_eq!(statement("SELECT power_w FROM inverter"), missing);
    assert_eq!(statement("SHOW MEASUREMENTS"), missing);
    assert!(statement("SHOW DATABASES").is_ok());
    assert!(statement("SHOW MEASUREMENTS ON hall").is_ok());
    let unnamed = Asked { database: None, now_ns: NOW };
    assert!(
        answer(&Hall::new(), "SELECT power_w FROM inverter LIMIT 1", unnamed).unwrap().statements
            [0]
        .is_ok()
    );
}

#[test]
fn lists_are_shown() {
    let hall = Hall::new();
    for (text, expected) in [
        ("SHOW MEASUREMENTS", "[[\"inverter\"]]"),
        ("SHOW TAG VALUES WITH KEY = device WHERE zone = 'w'", "[[\"device\",\"B\"]]"),
        ("SHOW TAG KEYS", "[[\"device\"],[\"zone\"]]"),
        ("SHOW FIELD KEYS LIMIT 1", "[[\"online\",\"boolean\"]]"),
        ("SHOW SERIES OFFSET 1", "[[\"inverter,device=B,zone=w\"]]"),
        ("SHOW RETENTION POLICIES", "[[\"autogen\",\"0s\",\"168h0m0s\",1,true]]"),
    ] {
        assert_eq!(rows(&hall, text), expected, "{text}");
    }
    let refused = json(&hall, "SHOW SERIES WHERE power_w > 3");
    assert!(refused.contains("this WHERE knows only tags"), "{refused}");
}

#[test]
fn the_newest_reading_is_found_without_reading_all() {
    for (text, expected) in [
        ("SELECT last(power_w) FROM inverter", "[[1700003590,4590]]"),
        ("SELECT last(power_w), online FROM inverter", "[[1700003590,4590,false]]"),
        ("SELECT power_w FROM inverter ORDER BY time DESC LIMIT 1", "[[1700003590,4590]]"),
        ("SELECT first(power_w) FROM inverter WHERE device = 'A'", "[[1700000000,0]]"),
        (
            "SELECT power_w FROM inverter WHERE device = 'A' LIMIT 2 OFFSET 1",
            "[[1700000010,10],[1700000020,20]]",
        ),
    ] {
        let hall = Hall::new();
        assert_eq!(rows(&hall, text), expected, "{text}");
        assert!(hall.read() < 150, "{text}: {} readings read", hall.read());
    }
}

#[test]
fn devices_are_added_up() {
    let text = "SELECT sum(p) FROM (SELECT last(power_w) AS p FROM inverter WHERE time >= 1700000000s \
                AND time < 1700000030s GROUP BY time(5s), device fill(previous)) \
                WHERE time >= 1700000000s AND time < 1700000030s GROUP BY time(15s)";
    // 0, 0 and 1000, 1000; then 10, 10, 20 and 1010, 1010, 1020; then 20 and 1020.
    assert_eq!(rows(&Hall::new(), text), "[[1699999995,2000],[1700000010,3080],[1700000025,1040]]");
    let text = "SELECT sum(p) FROM (SELECT power_w AS p, device FROM inverter) WHERE device = 'B' \
                AND time < 1700000020s";
    assert_eq!(rows(&Hall::new(), text), "[[0,2010]]");
}

#[test]
fn areas_are_those_of_each_device() {
    let of = |rest: &str| {
        let text =
            format!("SELECT integral(power_w, 1h) FROM inverter WHERE time < 1700000100s {rest}");
        json(&Hall::new(), &text)
    };
    let both = of("GROUP BY time(30s), device fill(none)");
    for device in ["A", "B"] {
        let alone = of(&format!("AND device = '{device}' GROUP BY time(30s), device fill(none)"));
        let series = alone.split_once("\"series\":[").unwrap().1.trim_end_matches("]}]}\n");
        assert!(both.contains(series), "{both} {series}");
    }
}

#[test]
fn limits_are_kept_and_named() {
    let hall = Hall::new();
    for (text, expected) in [
        (
            "SELECT mean(power_w) FROM inverter WHERE time > 0 GROUP BY time(1s)",
            QueryError::TooManyBuckets(100_000),
        ),
        (
            "SELECT mean(power_w) FROM inverter WHERE time < 9000000000000000000 GROUP BY time(1h)",
            QueryError::TooManyBuckets(100_000),
        ),
    ] {
        assert_eq!(answer(&hall, text, asked()).unwrap().statements[0], Err(expected), "{text}");
    }
    let columns = vec!["power_w"; 999].join(",");
    let wide = format!("SELECT {columns} FROM inverter WHERE device = 'A'");
    assert!(answer(&hall, &wide, asked()).unwrap().statements[0].is_ok());
    let wide = format!("{wide}; {wide}; {wide}; {wide}; {wide}; {wide}");
    let statements = answer(&hall, &wide, asked()).unwrap().statements;
    assert_eq!(statements.last(), Some(&Err(QueryError::TooManyRows(limit::ROWS))));
    let wider = format!("SELECT {columns},power_w,power_w FROM inverter");
    assert_eq!(answer(&hall, &wider, asked()).unwrap_err(), QueryError::TooManyColumns);
}

#[test]
fn a_store_that_cannot_be_read_is_told() {
    let mut hall = Hall::new();
    hall.broken = true;
    for text in ["SELECT power_w FROM inverter", "SHOW FIELD KEYS FROM inverter"] {
        let found = json(&hall, text);
        assert!(found.contains("the history cannot be read: the disk is gone"), "{text}: {found}");
    }
}

#[test]
fn every_refusal_says_what_to_do() {
    for text in [
        "DROP DATABASE x",
        "SELECT /a/ FROM b",
        "SELECT a FROM b WHERE c =~ /(/",
        "SELECT a FROM b tz('Mars')",
        "SELECT mean(online) FROM inverter",
        "SELECT derivative(mean(power_w)) FROM inverter",
        "SELECT mean(power_w), power_w FROM inverter",
        "SELECT power_w FROM inverter WHERE time > 'soon'",
        "SELECT power_w FROM inverter WHERE time > 5 OR device = 'A'",
        "SELECT power_w FROM other.autogen.inverter",
        "SELECT power_w FROM other.inverter",
        "SELECT top(power_w, 0) FROM inverter",
        "SELECT",
    ] {
        let error = match answer(&Hall::new(), text, asked()) {
            Ok(mut answer) => answer.statements.remove(0).unwrap_err(),
            Err(error) => error,
        };
        let (zh, en) = error.hint();
        assert!(!zh.is_ascii() && en.is_ascii(), "{text}");
        assert!(error.to_string().contains('`'), "{text}: {error}");
    }
}
