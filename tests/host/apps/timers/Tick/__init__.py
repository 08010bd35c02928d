import azure.functions as func
from ticks_seen import ticks


def main(timer: func.TimerRequest) -> None:
    ticks.append(f"past due: {timer.past_due}")
