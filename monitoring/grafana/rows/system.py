"""The processes and what they use."""

from monitoring.grafana.panels import Row, Unit, lines
from monitoring.grafana.promql import RATE

ROW = Row(
    title="System",
    panels=(
        lines(
            "Roles", "1 while it answers its scrape.", Unit.COUNT, {"{{job}} {{instance}}": 'up{job=~"layerwatch-.+"}'}
        ),
        lines(
            "Workers",
            "Of all machines by what they do, and those that pools keep running.",
            Unit.COUNT,
            {"{{state}}": "sum by (state) (layerwatch_workers)", "in pools": "sum(layerwatch_pool_workers)"},
        ),
        lines(
            "Deaths of workers",
            "In a quarter of an hour.",
            Unit.COUNT,
            {"{{worker}}": "sum by (worker) (increase(layerwatch_worker_deaths_total[15m]))"},
        ),
        lines(
            "Memory",
            "Resident, by process.",
            Unit.BYTES,
            {"{{job}} {{instance}} {{worker}}": 'process_resident_memory_bytes{job=~"layerwatch-.+"}'},
        ),
        lines(
            "Processor",
            "Cores in use, by process.",
            Unit.COUNT,
            {"{{job}} {{instance}} {{worker}}": f'rate(process_cpu_seconds_total{{job=~"layerwatch-.+"}}[{RATE}])'},
        ),
        lines(
            "Room for artifacts",
            "Left on the disk that they lie on, and its size; a worker that cannot write there inspects nothing.",
            Unit.BYTES,
            {
                "{{instance}} free": "min by (instance) (layerwatch_artifacts_free_bytes)",
                "{{instance}} size": "max by (instance) (layerwatch_artifacts_size_bytes)",
            },
        ),
        lines(
            "Redis",
            "Memory in use and allowed, and what pictures on their way to workers take of it.",
            Unit.BYTES,
            {
                "in use": "max(layerwatch_redis_memory_bytes)",
                "allowed": "max(layerwatch_redis_memory_limit_bytes)",
                "pictures": "max(layerwatch_pictures_bytes)",
            },
        ),
    ),
)
