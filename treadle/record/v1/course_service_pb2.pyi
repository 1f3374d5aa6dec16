from google.protobuf import field_mask_pb2 as _field_mask_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from treadle.options.v1 import options_pb2 as _options_pb2
from treadle.record.v1 import course_pb2 as _course_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CreateCourseRequest(_message.Message):
    __slots__ = ("course", "request_id")
    COURSE_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    course: _course_pb2.Course
    request_id: str
    def __init__(self, course: _Optional[_Union[_course_pb2.Course, _Mapping]] = ..., request_id: _Optional[str] = ...) -> None: ...

class CreateCourseResponse(_message.Message):
    __slots__ = ("course",)
    COURSE_FIELD_NUMBER: _ClassVar[int]
    course: _course_pb2.Course
    def __init__(self, course: _Optional[_Union[_course_pb2.Course, _Mapping]] = ...) -> None: ...

class GetCourseRequest(_message.Message):
    __slots__ = ("course_id",)
    COURSE_ID_FIELD_NUMBER: _ClassVar[int]
    course_id: str
    def __init__(self, course_id: _Optional[str] = ...) -> None: ...

class GetCourseResponse(_message.Message):
    __slots__ = ("course",)
    COURSE_FIELD_NUMBER: _ClassVar[int]
    course: _course_pb2.Course
    def __init__(self, course: _Optional[_Union[_course_pb2.Course, _Mapping]] = ...) -> None: ...

class ListCoursesRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListCoursesResponse(_message.Message):
    __slots__ = ("courses", "next_page_token")
    COURSES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    courses: _containers.RepeatedCompositeFieldContainer[_course_pb2.Course]
    next_page_token: str
    def __init__(self, courses: _Optional[_Iterable[_Union[_course_pb2.Course, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class UpdateCourseRequest(_message.Message):
    __slots__ = ("course_id", "course", "update_mask", "etag")
    COURSE_ID_FIELD_NUMBER: _ClassVar[int]
    COURSE_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    course_id: str
    course: _course_pb2.Course
    update_mask: _field_mask_pb2.FieldMask
    etag: str
    def __init__(self, course_id: _Optional[str] = ..., course: _Optional[_Union[_course_pb2.Course, _Mapping]] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ..., etag: _Optional[str] = ...) -> None: ...

class UpdateCourseResponse(_message.Message):
    __slots__ = ("course",)
    COURSE_FIELD_NUMBER: _ClassVar[int]
    course: _course_pb2.Course
    def __init__(self, course: _Optional[_Union[_course_pb2.Course, _Mapping]] = ...) -> None: ...

class DeleteCourseRequest(_message.Message):
    __slots__ = ("course_id", "etag")
    COURSE_ID_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    course_id: str
    etag: str
    def __init__(self, course_id: _Optional[str] = ..., etag: _Optional[str] = ...) -> None: ...

class DeleteCourseResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetCourseAccessRequest(_message.Message):
    __slots__ = ("course_access_id",)
    COURSE_ACCESS_ID_FIELD_NUMBER: _ClassVar[int]
    course_access_id: str
    def __init__(self, course_access_id: _Optional[str] = ...) -> None: ...

class GetCourseAccessResponse(_message.Message):
    __slots__ = ("course_access",)
    COURSE_ACCESS_FIELD_NUMBER: _ClassVar[int]
    course_access: _course_pb2.CourseAccess
    def __init__(self, course_access: _Optional[_Union[_course_pb2.CourseAccess, _Mapping]] = ...) -> None: ...

class ListCourseAccessesRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "course_id", "contact_id")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    COURSE_ID_FIELD_NUMBER: _ClassVar[int]
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    course_id: str
    contact_id: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., course_id: _Optional[str] = ..., contact_id: _Optional[str] = ...) -> None: ...

class ListCourseAccessesResponse(_message.Message):
    __slots__ = ("course_accesses", "next_page_token")
    COURSE_ACCESSES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    course_accesses: _containers.RepeatedCompositeFieldContainer[_course_pb2.CourseAccess]
    next_page_token: str
    def __init__(self, course_accesses: _Optional[_Iterable[_Union[_course_pb2.CourseAccess, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class SetCourseProgressRequest(_message.Message):
    __slots__ = ("course_access_id", "progress")
    COURSE_ACCESS_ID_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    course_access_id: str
    progress: _struct_pb2.Struct
    def __init__(self, course_access_id: _Optional[str] = ..., progress: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class SetCourseProgressResponse(_message.Message):
    __slots__ = ("course_access",)
    COURSE_ACCESS_FIELD_NUMBER: _ClassVar[int]
    course_access: _course_pb2.CourseAccess
    def __init__(self, course_access: _Optional[_Union[_course_pb2.CourseAccess, _Mapping]] = ...) -> None: ...
