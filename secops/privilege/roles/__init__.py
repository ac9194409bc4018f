"""Roles: who should hold which rights, who holds them, and where the two differ (权限分级, 三员分立)."""
