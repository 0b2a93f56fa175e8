//! Moments and Welch's test against SciPy 1.17.1: `numpy.mean`, `numpy.std(ddof=1)`, and
//! `scipy.stats.ttest_ind(a, b, equal_var=False)` with its `statistic`, `df` and `pvalue`.

use longhand_training::experiment::{Sample, welch};

struct Case {
    a: &'static [f64],
    b: &'static [f64],
    mean: f64,
    deviation: f64,
    t: f64,
    degrees_of_freedom: f64,
    p: f64,
}

const CASES: [Case; 3] = [
    Case {
        a: &[27.5, 21.0, 19.0, 23.6, 17.0, 17.9, 16.9, 20.1, 21.9, 22.6, 23.1, 19.6, 19.0, 21.7, 21.4],
        b: &[27.1, 22.0, 20.8, 23.4, 23.4, 23.5, 25.8, 22.0, 24.8, 20.2, 21.9, 22.1, 22.9, 30.0, 23.9],
        mean: 20.819999999999997,
        deviation: 2.8048936827317665,
        t: -2.835263800664482,
        degrees_of_freedom: 27.713625968118762,
        p: 0.008452732437443423,
    },
    Case {
        a: &[0.9959, 0.9956, 0.9959],
        b: &[0.9976, 0.9958, 0.9948],
        mean: 0.9958,
        deviation: 0.00017320508075686865,
        t: -0.3231169566887697,
        degrees_of_freedom: 2.0595894183838035,
        p: 0.7764741294799951,
    },
    Case {
        a: &[0.9928, 0.9930, 0.9925, 0.9931],
        b: &[0.9959, 0.9960],
        mean: 0.99285,
        deviation: 0.0002645751311064299,
        t: -21.920310216785328,
        degrees_of_freedom: 3.692307692307693,
        p: 4.793571307344607e-05,
    },
];

fn close(found: f64, wanted: f64) {
    assert!((found - wanted).abs() <= 1e-8 * wanted.abs(), "{found} and {wanted}");
}

#[test]
fn moments_and_welchs_test_are_scipys() {
    for case in CASES {
        let (a, b) = (Sample::of(case.a).unwrap(), Sample::of(case.b).unwrap());
        close(a.mean, case.mean);
        close(a.deviation.unwrap(), case.deviation);
        for (found, sign) in [(welch(&a, &b).unwrap(), 1.0), (welch(&b, &a).unwrap(), -1.0)] {
            close(found.t, sign * case.t);
            close(found.degrees_of_freedom, case.degrees_of_freedom);
            close(found.p, case.p);
        }
    }
}

#[test]
fn where_nothing_tells_the_noise_there_is_no_p() {
    let of = |values: &[f64]| Sample::of(values).unwrap();
    assert!(Sample::of(&[]).is_none());
    assert_eq!(of(&[0.5]).deviation, None);
    assert!(welch(&of(&[0.5]), &of(&[0.4, 0.6])).is_none());
    assert!(welch(&of(&[0.5, 0.5]), &of(&[0.6, 0.6])).is_none());
    assert!(welch(&of(&[0.5, 0.5]), &of(&[0.6, 0.61])).is_some(), "one that varies is enough");
}
