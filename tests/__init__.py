"""Tests of Waybill."""
