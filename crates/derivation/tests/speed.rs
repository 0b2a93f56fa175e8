//! The whole table is a matter of milliseconds.

use std::time::Instant;

use longhand_derivation::network::Network;
use longhand_derivation::table::Table;

#[test]
fn six_rates_of_181_rows_take_less_than_fifty_milliseconds() {
    let network = Network::build(Default::default()).unwrap();
    let fastest = (0..10)
        .map(|_| {
            let start = Instant::now();
            let table = Table::compute(&network);
            assert_eq!(table.rates.len(), 6);
            start.elapsed()
        })
        .min()
        .unwrap();
    println!("fastest of ten: {:.2} ms", fastest.as_secs_f64() * 1e3);
    assert!(fastest.as_millis() < 50, "{fastest:?}");
}
