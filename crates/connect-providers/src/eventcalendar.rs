//! JSON in the form that Mobiscroll's Eventcalendar takes as its `data`.
