from typing import Literal


def add_score(orders, weight: float = 1, how: Literal["left", "right"] = "left"):
    return orders.assign(score=orders["amount"] * weight)
