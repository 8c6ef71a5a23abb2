use crate::hashing::hash;
use crate::json::scan::Tape;
use crate::json::tape::Doc;
use crate::select::analysis::{Analysis, ROOT};
use crate::select::column_statistics::{ColumnStatistics, NONE, ValueClass};

const MAX_COLUMNS: usize = 1024;

fn analyze(text: &str, check: impl FnOnce(&Doc<'_>, &Analysis)) {
    let mut tape = Tape::default();
    let doc = tape.scan(text.as_bytes(), 100_000).unwrap();
    check(&doc, &Analysis::new(&doc, 0, MAX_COLUMNS));
}

/// The columns' names, joined by dots, with `[]` for elements.
fn names(doc: &Doc<'_>, analysis: &Analysis) -> Vec<String> {
    let name = |column: &ColumnStatistics| match column.key {
        NONE => "[]".to_owned(),
        key => String::from_utf8_lossy(doc.inner(doc.node(key))).into_owned(),
    };
    let mut names: Vec<String> = vec![String::new()];
    for column in analysis.columns.iter().skip(1) {
        names.push(format!("{}.{}", names[column.parent as usize], name(column)));
    }
    names
}

#[test]
fn nested_objects_and_elements_become_columns_whatever_their_order() {
    let text = r#"[{"a":1,"b":{"c":"x","d":[1,{"e":2}]}},{"b":{"d":[],"c":"y"},"a":null},7]"#;
    analyze(text, |doc, analysis| {
        assert_eq!(
            names(doc, analysis),
            ["", ".a", ".b", ".b.c", ".b.d", ".b.d.[]", ".b.d.[].e"]
        );
        let column = |at: usize| &analysis.columns[at];
        assert_eq!(
            (
                column(1).rows,
                column(1).count(ValueClass::Null),
                column(1).count(ValueClass::Number)
            ),
            (2, 1, 1)
        );
        assert_eq!(
            (
                column(4).count(ValueClass::Array),
                column(4).count(ValueClass::EmptyArray)
            ),
            (1, 1)
        );
        assert_eq!(
            (column(5).repeated, column(6).repeated, column(4).repeated),
            (true, true, false)
        );
        assert_eq!((analysis.len(), column(ROOT as usize).rows), (3, 3));
        assert_eq!(analysis.row(2).len(), 1);
        assert_eq!(column(1).gaps, [2]);
    });
}

#[test]
fn distinct_values_are_counted_while_they_are_few() {
    let rows: Vec<String> = (0..1000)
        .map(|at| format!(r#"{{"few":{},"many":"id-{at}"}}"#, at % 64))
        .collect();
    analyze(&format!("[{}]", rows.join(",")), |_, analysis| {
        let (few, many) = (&analysis.columns[1], &analysis.columns[2]);
        assert!(!few.many && many.many);
        assert_eq!(few.values.len(), 64);
        assert!(few.values.iter().all(|value| value.count >= 15));
        assert!(!few.is_category() && many.values.is_empty());
        for (row, cells) in analysis.iter() {
            assert_eq!(u32::from(cells[1].value), row % 64);
        }
    });
}

#[test]
fn rows_without_a_column_are_remembered_if_they_are_few() {
    let mut rows: Vec<String> = (0..500)
        .map(|at| format!(r#"{{"a":1,"rare_{}":1}}"#, at % 3))
        .collect();
    for at in [0, 250, 499] {
        rows[at] = "{}".to_owned();
    }
    analyze(&format!("[{}]", rows.join(",")), |_, analysis| {
        assert_eq!(analysis.columns[1].gaps, [0, 250, 499]);
        assert_eq!(analysis.columns[2].gaps.capacity(), 0);
    });
}

#[test]
fn keys_of_equal_names_in_other_places_are_other_columns() {
    let text = r#"[{"a":{"a":{"a":1}}},{"a":{"a":{"a":2}}}]"#;
    analyze(text, |doc, analysis| {
        assert_eq!(names(doc, analysis), ["", ".a", ".a.a", ".a.a.a"]);
    });
}

#[test]
fn depth_costs_no_stack() {
    let text = format!("[{}1{}]", "[".repeat(50_000), "]".repeat(50_000));
    analyze(&text, |_, analysis| {
        assert_eq!(analysis.cells.len(), 50_001);
        assert_eq!(analysis.columns.len(), 2 + MAX_COLUMNS);
    });
}

#[test]
fn values_beyond_the_column_limit_keep_their_cells_but_have_no_column() {
    let rows: Vec<String> = (0..3000)
        .map(|row| {
            let members: Vec<String> = (0..10)
                .map(|at| format!(r#""k{row}_{at}":{{"x":["{at}"]}}"#))
                .collect();
            format!("{{{}}}", members.join(","))
        })
        .collect();
    analyze(&format!("[{}]", rows.join(",")), |_, analysis| {
        let own = analysis
            .columns
            .iter()
            .skip(1)
            .filter(|column| column.parent == ROOT);
        assert_eq!(own.count(), MAX_COLUMNS);
        assert_eq!(analysis.columns.len(), 1 + 2 * MAX_COLUMNS);
        assert_eq!(analysis.cells.len(), 3000 * (1 + 10 * 3));
        let without = analysis.cells.iter().filter(|cell| cell.column == NONE).count();
        // Every column here has one cell, except that of the rows.
        assert_eq!(without, 3000 * 10 * 3 - 2 * MAX_COLUMNS);
        let remembered: usize = analysis.columns.iter().map(|column| column.gaps.capacity()).sum();
        assert_eq!(remembered, 0);
    });
}

#[test]
fn a_map_in_the_first_row_leaves_the_columns_behind_it_their_places() {
    let labels: Vec<String> = (0..3 * MAX_COLUMNS).map(|at| format!(r#""l{at}":1"#)).collect();
    let text = format!(
        r#"[{{"labels":{{{}}},"status":"ok"}},{{"status":"ok"}}]"#,
        labels.join(",")
    );
    analyze(&text, |doc, analysis| {
        assert_eq!(names(doc, analysis).last().map(String::as_str), Some(".status"));
        assert_eq!(analysis.columns.last().map(|column| column.rows), Some(2));
        assert_eq!(analysis.columns.len(), 3 + MAX_COLUMNS);
    });
}

#[test]
fn the_hash_tells_short_texts_apart() {
    let mut hashes: Vec<u64> = (0..10_000).map(|at| hash(format!("{at}").as_bytes())).collect();
    hashes.extend((0..40).map(|length| hash(&vec![0; length])));
    hashes.sort_unstable();
    hashes.dedup();
    assert_eq!(hashes.len(), 10_040);
}
