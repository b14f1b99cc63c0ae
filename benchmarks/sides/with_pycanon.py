"""k-anonymity and l-diversity of a table by pycanon (Sáinz-Pardo and López 2022), counted in rows.

It runs in an environment of its own. Reading the table is not counted; its answers are printed with what each cost.
"""

import json
import sys
import time

import pandas as pd
from pycanon import anonymity

IDENTIFYING = ["country", "sector", "age"]
SENSITIVE = "illness"

table = pd.read_parquet(sys.argv[1], columns=[*IDENTIFYING, SENSITIVE])
anonymity.k_anonymity(table.head(1000), IDENTIFYING)
anonymity.l_diversity(table.head(1000), IDENTIFYING, [SENSITIVE])
begun = time.process_time()
k = anonymity.k_anonymity(table, IDENTIFYING)
middle = time.process_time()
l = anonymity.l_diversity(table, IDENTIFYING, [SENSITIVE])  # noqa: E741  (its name in the field)
print(json.dumps({"k": int(k), "l": int(l), "k_s": middle - begun, "l_s": time.process_time() - middle}))
