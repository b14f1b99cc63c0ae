"""The drill: two dams of two countries act as one, and every step of it can be checked afterwards."""
