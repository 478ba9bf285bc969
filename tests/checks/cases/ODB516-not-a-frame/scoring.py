import functools


def returning(function):
    def inner(orders):
        function(orders)
        return orders

    return inner


def show(orders):
    orders.info()


@returning
def keep(orders):
    orders.info()
