"""Invented people who can sign in."""

PEOPLE = {
    "000000000001": "Nguyễn Văn Thử Nghiệm",
    "000000000002": "Trần Thị Hư Cấu",
    "000000000003": "Lê Minh Giả Định",
    "000000000004": "Phạm Thu Ví Dụ",
}
