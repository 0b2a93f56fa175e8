"""The arithmetic of the comparison. From the repository's root: python3 -m unittest discover -s bench"""

import unittest

from figures import longhand_report, markdown_table, rows, steps_of_an_epoch


def turn(subject: str, number: int, median: float, measure: str = "step", images: int = 128) -> dict:
    seconds = {"median": median, "min": median / 2, "max": median * 2, "n": 9}
    return {"subject": subject, "round": number, "report": {measure: {"images": images, "seconds": seconds}}}


LONGHAND_OUTPUT = {
    "version": "0.1.0", "threads": 2, "isa": "avx512", "batch_size": 128,
    "peak_gflops": {"one_thread": 200.0, "all_threads": 400.0}, "direct_convolution_floor_seconds": 2.5,
    "step": {"seconds": 0.008, "spread": [0.007, 0.009], "steps": 60, "steps_per_epoch": 469, "shares": []},
}


class Figures(unittest.TestCase):
    def test_the_ratio_is_taken_within_each_round(self):
        # The machine is half as fast in the second round, for both: the ratios know nothing of it.
        turns = [
            turn("longhand", 1, 0.010), turn("rival", 1, 0.050), turn("longhand", 2, 0.020), turn("rival", 2, 0.120),
            turn("longhand", 3, 0.010), turn("rival", 3, 0.040),
        ]
        ours, rival = rows(turns, "step")
        self.assertEqual((ours["subject"], rival["subject"]), ("longhand", "rival"))
        for ratio, expected in zip(rival["longhand_is_faster"]["by_round"], [5, 6, 4], strict=True):
            self.assertAlmostEqual(ratio, expected)
        self.assertAlmostEqual(rival["longhand_is_faster"]["median"], 5)
        self.assertAlmostEqual(rival["longhand_is_faster"]["min"], 4)
        self.assertAlmostEqual(rival["longhand_is_faster"]["max"], 6)
        self.assertAlmostEqual(rival["seconds"]["median"], 0.050)
        self.assertAlmostEqual(rival["images_per_second"]["median"], 2560)
        self.assertAlmostEqual(rival["images_per_second"]["min"], 128 / 0.120)
        self.assertAlmostEqual(rival["seconds_per_epoch"]["max"], 469 * 0.120)
        self.assertAlmostEqual(rival["seconds_of_single_calls"]["min"], 0.020)
        self.assertAlmostEqual(rival["seconds_of_single_calls"]["max"], 0.240)
        self.assertEqual(ours["longhand_is_faster"]["median"], 1)

    def test_longhand_comes_first_whoever_began(self):
        turns = [turn("rival", 1, 0.05), turn("longhand", 1, 0.01)]
        self.assertEqual([row["subject"] for row in rows(turns, "step")], ["longhand", "rival"])

    def test_without_longhands_figure_there_is_no_ratio(self):
        alone = rows([turn("rival", 1, 0.05, "batch", 1000)], "batch")
        self.assertIsNone(alone[0]["longhand_is_faster"])
        self.assertEqual(markdown_table(alone, "batch").splitlines()[-1], "| rival | 20,000 | 20,000 to 20,000 |  |  |")
        self.assertEqual(rows([turn("rival", 1, 0.05)], "one_image"), [])

    def test_different_batches_are_no_comparison(self):
        with self.assertRaisesRegex(ValueError, "different numbers of images"):
            rows([turn("longhand", 1, 0.01, images=128), turn("rival", 1, 0.05, images=64)], "step")

    def test_an_epochs_last_step_counts(self):
        self.assertEqual([steps_of_an_epoch(n) for n in (128, 100, 60_000, 59_999)], [469, 600, 1, 2])

    def test_longhands_output_takes_the_rivals_form(self):
        report = longhand_report(LONGHAND_OUTPUT)
        self.assertEqual(report["step"]["seconds"], {"median": 0.008, "min": 0.007, "max": 0.009, "n": 60})
        self.assertEqual(report["step"]["images"], 128)
        self.assertNotIn("batch", report)
        self.assertNotIn("one_image", report)

        inference = {"batch": 1000, "images_per_second": 50_000.0, "spread": [40_000.0, 62_500.0], "runs": 20,
                     "one_image": {"seconds": 6e-5, "spread": [5e-5, 9e-5], "runs": 200}}
        report = longhand_report({**LONGHAND_OUTPUT, "inference": inference})
        self.assertEqual(report["batch"]["seconds"], {"median": 0.02, "min": 0.016, "max": 0.025, "n": 20})
        self.assertEqual(report["one_image"]["seconds"], {"median": 6e-5, "min": 5e-5, "max": 9e-5, "n": 200})
        del inference["one_image"]
        self.assertNotIn("one_image", longhand_report({**LONGHAND_OUTPUT, "inference": inference}))

    def test_the_table_names_units_that_suit_the_measure(self):
        turns = [turn("longhand", 1, 5e-5, "one_image", 1), turn("rival", 1, 1.2e-4, "one_image", 1)]
        table = markdown_table(rows(turns, "one_image"), "one_image").splitlines()
        self.assertEqual(table[0], "| program | µs | lowest to highest | longhand is faster by | lowest to highest |")
        self.assertEqual(table[2], "| longhand | 50.0 | 50.0 to 50.0 |  |  |")
        self.assertEqual(table[3], "| rival | 120.0 | 120.0 to 120.0 | 2.40× | 2.40 to 2.40 |")


if __name__ == "__main__":
    unittest.main()
