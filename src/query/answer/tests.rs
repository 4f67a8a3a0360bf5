//! JSON, letter by letter.

use super::*;

#[test]
fn json_is_influxdbs() {
    let values = vec![
        vec![Cell::Time(1_500_000_000), Cell::Value(Value::Float(1.0)), "a\"b".into()],
        vec![Cell::Time(0), Cell::Value(Value::Float(f64::NAN)), Cell::Null],
        vec![Cell::Time(-1), Cell::Value(Value::Float(1e-7)), Cell::Value(Value::Boolean(true))],
    ];
    let rows = Rows {
        name: Some("m".to_owned()),
        tags: vec![("device".to_owned(), String::new())],
        columns: vec!["time".to_owned(), "mean".to_owned(), "x".to_owned()],
        values,
        zone: None,
    };
    let statements = vec![Ok(vec![rows]), Ok(Vec::new()), Err(QueryError::TooManyRows(5))];
    let answer = Answer { statements };
    assert_eq!(
        answer.to_json(Epoch::parse("ms")),
        "{\"results\":[{\"statement_id\":0,\"series\":[{\"name\":\"m\",\"tags\":{\"device\":\"\"},\
         \"columns\":[\"time\",\"mean\",\"x\"],\"values\":[[1500,1,\"a\\\"b\"],[0,null,null],\
         [0,0.0000001,true]]}]},{\"statement_id\":1},{\"statement_id\":2,\"error\":\"the answer has \
         more than 5 rows\"}]}\n"
    );
    assert!(answer.to_json(None).contains("[\"1970-01-01T00:00:01.5Z\",1,"));
    let error = QueryError::TooLong.to_json();
    assert_eq!(
        error,
        "{\"error\":\"error parsing query: the query is longer than 262144 bytes\"}\n"
    );
}
