from odibi_core.functions import odibi_function


@odibi_function("score", requires="Amount")
def add_score(orders):
    return orders.assign(score=orders["Amount"] * 2)


@odibi_function("lower", requires={"orders": ["id", "amount"]})
def add_lower(orders):
    return orders.assign(score=orders["amount"] * 2)
