from typing import Annotated

import pandas as pd

from odibi_core.functions import Returns


def add_score(orders) -> Annotated[pd.DataFrame, Returns(id="int64", score="double")]:
    return orders.assign(score=orders["amount"] * 2)[["id", "score"]]
