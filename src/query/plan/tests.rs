//! Names of columns, and what cannot be asked for together.

use std::collections::{BTreeMap, BTreeSet};

use super::super::ast::Statement;
use super::super::parser::parse;
use super::*;

fn plan(columns: &str, every: Option<i64>) -> Result<Plan, QueryError> {
    let statements = parse(&format!("SELECT {columns} FROM m"))?;
    let [Statement::Select(select)] = statements.as_slice() else { unreachable!() };
    let fields = [("on", FieldType::Boolean), ("p", FieldType::Float), ("s", FieldType::Integer)];
    let fields: BTreeMap<_, _> =
        fields.into_iter().map(|(name, kind)| (name.to_owned(), kind)).collect();
    let tags = BTreeSet::from(["device".to_owned()]);
    Plan::new(&select.columns, every, &Known { fields: &fields, tags: &tags })
}

#[test]
fn columns_have_influxdbs_names() {
    for (columns, names) in [
        ("p, p, p AS x, (p + s) / 2", vec!["p", "p_1", "x", "p_s"]),
        ("*", vec!["device", "on", "p", "s"]),
        ("*::field", vec!["on", "p", "s"]),
        ("mean(*)", vec!["mean_p", "mean_s"]),
        ("max(*) AS m", vec!["m_on", "m_p", "m_s"]),
        ("-mean(p) * 2, mean(p) + max(p), mean(s)", vec!["mean", "mean_max", "mean_1"]),
        ("derivative(p, 1h)", vec!["derivative"]),
        ("time AS t, p", vec!["p"]),
    ] {
        assert_eq!(plan(columns, None).unwrap().names, names, "{columns}");
    }
    assert!(plan("max(p) + max(p), s", None).unwrap().selects);
}

#[test]
fn what_cannot_be_together_is_refused() {
    for (columns, every, what, instead) in [
        ("mean(p), s", None, "s", Instead::NotMixed),
        ("max(p), min(p), s", None, "s", Instead::OneSelector),
        ("top(p, 2), max(p)", None, "top", Instead::Alone),
        ("p", Some(5), "p", Instead::AnAggregate),
        ("derivative(p)", Some(5), "derivative", Instead::AggregateInside),
        ("derivative(mean(p))", None, "derivative", Instead::Interval),
        ("mean(p), 3", None, "3", Instead::AField),
        ("abs(p)", None, "abs", Instead::Functions),
        ("top(p, device, 2)", None, "device", Instead::GroupByTag),
        ("mean(/p/)", None, "/p/", Instead::FieldNames),
        ("mean(*) + 1", None, "+", Instead::FieldNames),
        ("p = 1", None, "=", Instead::Arithmetic),
    ] {
        match plan(columns, every).unwrap_err() {
            QueryError::Refused { what: found, instead: said, .. } => {
                assert_eq!((found.as_str(), said), (what, instead), "{columns}");
            }
            other => unreachable!("{columns}: {other}"),
        }
    }
}

#[test]
fn arguments_are_checked() {
    for (columns, shown) in [
        (
            "percentile(p, 101)",
            "`101` cannot be the argument of `percentile` at line 1, char 22: expected a number from 0 to 100",
        ),
        (
            "moving_average(p, 1)",
            "`1` cannot be the argument of `moving_average` at line 1, char 26: expected a whole number of at least 2",
        ),
        (
            "top(p)",
            "`nothing` cannot be the argument of `top` at line 1, char 8: expected a whole number of at least 1",
        ),
        (
            "mean(p, 2)",
            "`2` cannot be the argument of `mean` at line 1, char 16: expected no more arguments",
        ),
        ("mean(5)", "`5` cannot be the argument of `mean` at line 1, char 13: expected a field"),
        (
            "derivative(p, 0s)",
            "`0s` cannot be the argument of `derivative` at line 1, char 22: expected a duration like 1h",
        ),
    ] {
        assert_eq!(plan(columns, None).unwrap_err().to_string(), shown);
    }
    let kinds = |_: &str| Some(FieldType::Boolean);
    assert!(plan("mean(on)", None).unwrap().check_kinds(&kinds).is_err());
    assert!(plan("on + 1", None).unwrap().check_kinds(&kinds).is_err());
    assert!(plan("count(on) + 1", None).unwrap().check_kinds(&kinds).is_ok());
}
