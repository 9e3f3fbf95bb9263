// The scenarios, shared by both clients: each client's module includes this file and defines `wait!`. The
// world decides the transport.

func! {
    fn sign_in(world: &World, user: &str) -> Result<User, Failure> {
        let client = client(world).build()?;
        wait!(sign_in_with(world, &client, SignIn::new(user)))
    }
}

func! {
    fn sign_in_with(world: &World, client: &Client, sign_in: SignIn) -> Result<User, Failure> {
        let pending = client.auth().sign_in(sign_in)?;
        let callback = world.consent(pending.url())?;
        Ok(wait!(client.auth().finish(pending, &callback))?)
    }
}

func! {
    fn listed(user: &User, list: ListEvents, windows: u8) -> Result<Vec<Event>, Failure> {
        let pages = user.events().list(list);
        let mut items = if windows == 0 { pages.items() } else { in_windows!(pages, windows) };
        let mut events = Vec::new();
        while let Some(event) = wait!(items.next()) {
            events.push(event?);
        }
        Ok(events)
    }
}

scenarios! {
    fn user_signs_in_and_lists_calendars(world) {
        let user = wait!(sign_in(world, "ann"))?;
        let calendars = wait!(user.calendars().list())?;
        assert!(calendars.len() >= 4, "{calendars:?}");
        assert!(calendars.iter().all(|calendar| !calendar.id.is_empty() && calendar.provider.is_some()));
        assert_eq!(world.refreshes(), 0);
        Ok(())
    }

    fn events_on_many_pages_are_complete_and_unique(world) {
        let user = wait!(sign_in(world, "ann"))?;
        let whole = wait!(user.events().list(this_year().page_size(1000)).first())?.ok_or("no page")?;
        assert!(whole.next_page_token.is_none() && whole.events.len() > 100, "{}", whole.events.len());
        let before = world.requests("GET /events");
        assert_eq!(wait!(listed(&user, this_year().page_size(37), 0))?, whole.events);
        assert_eq!(world.requests("GET /events") - before, whole.events.len().div_ceil(37) as u64);
        let providers: std::collections::BTreeSet<_> =
            whole.events.iter().filter_map(|event| event.provider.as_ref()).map(ToString::to_string).collect();
        assert_eq!(providers.len(), 4, "{providers:?}");
        Ok(())
    }

    fn windows_have_the_events_of_the_whole_range_in_order(world) {
        let user = wait!(sign_in(world, "ann"))?;
        let calendars = wait!(user.calendars().list())?;
        let (start, end) = this_year().range()?.ok_or("no range")?;
        let hour = SignedDuration::from_hours(1);
        let edges: Vec<_> = this_year().windows(6).iter().skip(1).filter_map(|list| list.range().ok()?).collect();
        for (number, (edge, _)) in edges.iter().enumerate() {
            let calendar = &calendars[number % calendars.len()];
            let edge = *edge + SignedDuration::from_secs(1);
            for (title, from, to) in [("ends", edge - hour, edge), ("starts", edge, edge + hour), ("spans", edge - hour, edge + hour), ("moment", edge, edge), ("all", start - hour, end + hour)] {
                wait!(user.events().create(NewEvent::new(calendar, title, from, to)))?;
            }
            let day = edge.in_tz("UTC")?.date();
            wait!(user.events().create(NewEvent::all_day(calendar, "day", day, day.tomorrow()?)))?;
        }
        for (name, value) in [("calendar_id", "present"), ("calendar_id", "missing"), ("odd_dates", "on")] {
            world.set(name, value)?;
            let whole = wait!(listed(&user, this_year(), 0))?;
            assert!(whole.len() > 100, "{}", whole.len());
            for (count, size) in [(1, 37), (2, 1000), (6, 7), (16, 20), (255, 250)] {
                let events = wait!(listed(&user, this_year().page_size(size), count))?;
                assert_eq!(events.len(), whole.len(), "{count} windows, {name}={value}");
                assert!(events == whole, "{count} windows, {name}={value}: the order differs");
            }
        }
        let masters = wait!(listed(&user, this_year().masters(), 0))?;
        assert_eq!(wait!(listed(&user, this_year().masters(), 6))?, masters);
        let mut pages = user.events().list(this_year().page_size(50));
        wait!(pages.next_page())?;
        let mut rest = in_windows!(pages, 6);
        assert_eq!(wait!(rest.next()).ok_or("no event")??, wait!(listed(&user, this_year(), 0))?[50]);
        Ok(())
    }

    fn unusual_responses_are_read_completely(world) {
        let user = wait!(sign_in(world, "ann"))?;
        let plain = wait!(user.events().list(this_year().page_size(1000)).first())?.ok_or("no page")?.events;
        for (name, value) in [("odd_dates", "on"), ("calendar_id", "missing"), ("conference", "object"), ("attendees", "strings")] {
            world.set(name, value)?;
        }
        let odd = wait!(user.events().list(this_year().page_size(1000)).first())?.ok_or("no page")?.events;
        let ids = |events: &[Event]| events.iter().map(|event| event.id.clone()).collect::<std::collections::BTreeSet<_>>();
        assert_eq!(ids(&odd), ids(&plain), "nothing is dropped");
        let now = Timestamp::now();
        let mut kinds = std::collections::BTreeSet::new();
        for event in &odd {
            for time in [&event.start, &event.end] {
                kinds.insert(match time {
                    None => "none",
                    Some(EventTime::Instant(at)) => {
                        assert!(at.duration_since(now).abs() > SignedDuration::from_secs(1), "a missing time must not become the current time: {event:?}");
                        "instant"
                    }
                    Some(EventTime::Local(_)) => "local",
                    Some(EventTime::Date(_)) => "date",
                    Some(_) => "unreadable",
                });
            }
        }
        assert!(["none", "instant", "local", "date"].iter().all(|kind| kinds.contains(kind)), "{kinds:?}");
        assert!(odd.iter().all(|event| event.calendar_id.is_none()));
        let error = odd[0].change().map(drop).unwrap_err().to_string();
        assert!(error.contains(".calendar(id)"), "{error}");
        let links = |events: &[Event]| events.iter().filter(|event| event.conference.as_ref().is_some_and(|it| it.url().is_some())).count();
        assert!(links(&odd) > 0);
        assert_eq!(links(&odd), links(&plain));
        let guests = |events: &[Event]| events.iter().flat_map(|event| &event.attendees).filter(|it| it.email.contains('@')).count();
        assert!(guests(&odd) > 0);
        assert_eq!(guests(&odd), guests(&plain));
        Ok(())
    }

    fn list_continues_from_a_page_token(world) {
        let user = wait!(sign_in(world, "ann"))?;
        let mut pages = user.events().list(this_year().page_size(50));
        let first = wait!(pages.next_page())?.ok_or("no page")?;
        let token = pages.token().ok_or("no token")?.to_owned();
        let second = wait!(user.events().list(this_year().page_size(50).page_token(token)).first())?.ok_or("no page")?;
        assert_ne!(first.events[0].id, second.events[0].id);
        Ok(())
    }

    fn event_is_created_changed_and_deleted(world) {
        for shape in ["root", "wrapped"] {
            world.set("event_response", shape)?;
            let user = wait!(sign_in(world, "ann"))?;
            let calendars = wait!(user.calendars().list())?;
            let (start, end) = ("2026-12-01T09:00:00Z".parse::<Timestamp>()?, "2026-12-01T09:30:00Z".parse::<Timestamp>()?);
            let new = NewEvent::new(&calendars[0], "Stand-up", start, end).location("Room 4").description("daily")
                .attendee("a@example.org");
            let event = wait!(user.events().create(new))?;
            assert_eq!((event.title.as_str(), event.location.as_deref()), ("Stand-up", Some("Room 4")));
            let event = wait!(user.events().update(event.change()?.location("Room 5").clear_description()))?;
            assert_eq!((event.title.as_str(), event.location.as_deref()), ("Stand-up", Some("Room 5")));
            assert_eq!(event.description, None);
            wait!(user.events().delete(event.delete()?))?;
            let error = wait!(user.events().delete(event.delete()?)).unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::NotFound), "{error}");
        }
        Ok(())
    }

    fn change_of_one_occurrence_keeps_the_series(world) {
        let user = wait!(sign_in(world, "ann"))?;
        let events = wait!(listed(&user, this_year().page_size(1000), 0))?;
        let occurrence = events.iter().find(|event| event.recurring_event_id.is_some()).ok_or("no series")?.clone();
        let series = occurrence.recurring_event_id.clone();
        let siblings = |events: &[Event]| events.iter().filter(|event| event.recurring_event_id == series).count();
        let before = siblings(&events);
        assert!(before > 1);
        wait!(user.events().update(occurrence.change()?.title("Moved to the garden")))?;
        wait!(user.events().delete(events.iter().rfind(|event| event.recurring_event_id == series).ok_or("none")?.delete()?))?;
        let after = wait!(listed(&user, this_year(), 3))?;
        assert_eq!(after.iter().filter(|event| event.title == "Moved to the garden").count(), 1);
        assert_eq!(siblings(&after), before - 1, "only the deleted occurrence is gone");
        Ok(())
    }

    fn occurrence_that_starts_at_a_fraction_of_a_second_is_changed(world) {
        let user = wait!(sign_in(world, "ann"))?;
        let calendars = wait!(user.calendars().list())?;
        let start: Timestamp = "2026-12-07T09:00:00.25Z".parse()?;
        let series = NewEvent::new(&calendars[0], "Stand-up", start, start + SignedDuration::from_mins(15))
            .recurrence(Recurrence::weekly().count(3));
        wait!(user.events().create(series))?;
        let range = ListEvents::between("2026-12-14", "2026-12-15");
        let found = wait!(listed(&user, range, 0))?.into_iter().find(|event| event.title == "Stand-up").ok_or("no event")?;
        let moved = wait!(user.events().update(found.change()?.title("Moved")))?;
        assert_eq!(moved.title, "Moved");
        wait!(user.events().delete(moved.delete()?))?;
        Ok(())
    }

    fn series_of_every_provider_is_read_back(world) {
        // Connect accepts no time zone, so a user of the provider created the series in Tokyo.
        let tokyo = serde_json::json!({
            "id": "tokyo", "title": "Tokyo", "start": "2026-12-06T23:00:00Z", "end": "2026-12-06T23:30:00Z",
            "timeZone": "Asia/Tokyo", "recurrence": { "frequency": "WEEKLY", "byDay": ["MO"], "count": 10 },
        });
        let calendars = serde_json::json!([{ "id": "work", "title": "Work", "events": [tokyo] }]);
        let account = |provider: &str| serde_json::json!({ "account": format!("ann@{provider}.example"), "calendars": calendars });
        let accounts = ["google", "microsoft", "apple", "caldav"].map(|provider| (provider, account(provider)));
        let accounts = std::collections::BTreeMap::from(accounts);
        world.sandbox(|sandbox| sandbox.seed(&serde_json::json!({ "users": { "ann": accounts } }).to_string()))?;
        let user = wait!(sign_in(world, "ann"))?;
        let calendars = wait!(user.calendars().list())?;
        assert_eq!(calendars.len(), 4);
        let start: Timestamp = "2026-12-07T09:00:00Z".parse()?;
        let day = start.in_tz("UTC")?.date();
        let mondays = Recurrence::weekly().on([Weekday::Monday]).count(10);
        let days = Recurrence::daily().interval(2).count(5);
        for calendar in &calendars {
            let timed = NewEvent::new(calendar, "Timed", start, start + SignedDuration::from_mins(30));
            wait!(user.events().create(timed.recurrence(mondays.clone())))?;
            wait!(user.events().create(NewEvent::all_day(calendar, "Days", day, day.tomorrow()?).recurrence(days.clone())))?;
        }
        let range = ListEvents::between("2026-12-01", "2027-03-01");
        let occurrences = wait!(listed(&user, range.clone(), 0))?;
        assert_eq!(occurrences.len(), 4 * (10 + 10 + 5));
        let seconds = ["2026-12-13T23:00:00Z", "2026-12-14T09:00:00Z", "2026-12-09"].map(EventTime::from);
        let second = |event: &&Event| event.start.as_ref().is_some_and(|start| seconds.contains(start));
        for second in occurrences.iter().filter(second) {
            wait!(user.events().delete(second.delete()?))?;
        }
        let masters = wait!(listed(&user, range.masters(), 0))?;
        assert_eq!(masters.len(), 12);
        for event in masters {
            let (rule, zone, second) = match event.title.as_str() {
                "Tokyo" => (&mondays, Some("Asia/Tokyo"), &seconds[0]),
                "Timed" => (&mondays, Some("UTC"), &seconds[1]),
                _ => (&days, None, &seconds[2]),
            };
            let read = event.recurrence().ok_or("no recurrence")?;
            let rules: Vec<_> = read.lines.iter().filter(|line| line.starts_with("RRULE:")).cloned().collect();
            assert_eq!(rules, [rule.rrule()?], "{event:?}");
            assert_eq!(read.time_zone.as_deref(), zone, "{event:?}");
            // The series of Google and Outlook do not list deleted occurrences.
            let lists = matches!(event.provider, Some(Provider::Apple | Provider::CalDav));
            let exceptions: Vec<_> = lists.then(|| second.clone()).into_iter().collect();
            assert_eq!(read.exceptions, exceptions, "{event:?}");
        }
        Ok(())
    }

    fn expired_token_is_refreshed_once_for_any_401_body(world) {
        for (round, body) in ["message", "error", "empty"].into_iter().enumerate() {
            world.set("expired_body", body)?;
            let user = wait!(sign_in(world, "ann"))?;
            world.expire();
            wait!(user.calendars().list())?;
            assert_eq!(world.refreshes(), round as u64 + 1, "{body}");
        }
        Ok(())
    }

    fn denied_write_makes_no_refresh_and_names_the_scope(world) {
        let client = client(world).build()?;
        let user = wait!(sign_in_with(world, &client, SignIn::new("reader").scope(Scope::Read)))?;
        let calendars = wait!(user.calendars().list())?;
        for (status, scope_known) in [("401", true), ("403", true), ("401", false), ("403", false)] {
            world.set("write_denied", status)?;
            if !scope_known {
                let mut tokens = world.store.load(user.session().key())?.ok_or("no tokens")?;
                tokens.scope = None;
                wait!(user.import(tokens))?;
            }
            let before = world.requests("POST /event");
            for _ in 0..3 {
                let now = Timestamp::now();
                let error = wait!(user.events().create(NewEvent::new(&calendars[0], "No", now, now))).unwrap_err();
                assert!(matches!(error.kind(), ErrorKind::Permission { needed: Some(Scope::ReadWrite), .. }), "{error:?}");
                assert!(error.to_string().contains("read-write"), "{error}");
                assert_eq!(error.code(), "AUTHENTICATION_ERROR");
            }
            assert_eq!(world.requests("POST /event") - before, 3, "each write is sent once");
            assert_eq!(world.refreshes(), 0);
        }
        Ok(())
    }

    fn free_busy_scope_returns_times_without_titles(world) {
        let client = client(world).build()?;
        let user = wait!(sign_in_with(world, &client, SignIn::new("busy").scope(Scope::FreeBusy)))?;
        let error = wait!(user.calendars().list()).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Permission { .. }), "{error:?}");
        assert!(error.to_string().contains("free-busy scope"), "the message contains the text of `error`: {error}");
        let page = wait!(user.events().list(this_year()).first())?.ok_or("no page")?;
        assert!(!page.events.is_empty() && page.events.iter().all(|event| event.title.is_empty()));
        assert_eq!(world.refreshes(), 0);
        Ok(())
    }

    fn missing_calendar_permission_names_the_accounts(world) {
        world.set("withheld", "google")?;
        let client = client(world).build()?;
        let sign_in = SignIn::new("ann").providers([Provider::Google]);
        let user = wait!(sign_in_with(world, &client, sign_in))?;
        let error = wait!(user.calendars().list()).unwrap_err();
        let ErrorKind::Permission { accounts, .. } = error.kind() else { panic!("{error:?}") };
        assert_eq!(accounts.len(), 1);
        assert_eq!(accounts[0].0, "google");
        assert_eq!(error.server_code(), Some("calendar_permission_required"));
        assert_eq!(world.refreshes(), 0);
        Ok(())
    }

    fn rate_limit_with_a_date_is_waited_for(world) {
        let user = wait!(sign_in(world, "ann"))?;
        world.set("rate_limit", "date")?;
        world.set("rate_limit_every", "2")?;
        for _ in 0..2 {
            wait!(user.calendars().list())?;
        }
        assert!(world.stats().answered("GET /calendars", 429) > 0);
        Ok(())
    }

    fn rate_limit_in_seconds_is_waited_for(world) {
        let user = wait!(sign_in(world, "ann"))?;
        world.fault(Fault::on("GET /calendars").status(429).header("retry-after", "1"));
        let started = Instant::now();
        let reply = wait!(user.reply(&ListCalendars::new()))?;
        assert!(started.elapsed() >= Duration::from_secs(1));
        assert_eq!(reply.attempts, 2);
        Ok(())
    }

    fn rate_limit_beyond_the_timeout_fails_immediately(world) {
        let user = wait!(sign_in(world, "ann"))?;
        world.fault(Fault::on("GET /calendars").status(429).header("retry-after", "3600"));
        let error = wait!(user.calendars().list()).unwrap_err();
        assert_eq!(error.retry_after(), Some(Duration::from_secs(3600)));
        assert_eq!((error.attempts(), error.code()), (1, "RATE_LIMIT_ERROR"));
        let others = wait!(user.events().list(this_year()).first()).unwrap_err();
        assert_eq!(others.attempts(), 0, "no call of the client sends a request");
        Ok(())
    }

    fn failing_server_repeats_reads_but_no_creates(world) {
        let user = wait!(sign_in(world, "ann"))?;
        let calendars = wait!(user.calendars().list())?;
        world.fault(Fault::on("GET /calendars").status(503).times(2));
        assert_eq!(wait!(user.reply(&ListCalendars::new()))?.attempts, 3);
        world.fault(Fault::on("POST /event").status(503));
        let now = Timestamp::now();
        let error = wait!(user.events().create(NewEvent::new(&calendars[0], "Once", now, now))).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Server), "{error:?}");
        assert!(error.may_have_happened());
        assert_eq!(world.requests("POST /event"), 1);
        Ok(())
    }

    fn lost_response_repeats_reads_and_deletes_only(world) {
        let user = wait!(sign_in(world, "ann"))?;
        world.fault(Fault::on("GET /calendars").cut_after());
        let calendars = wait!(user.calendars().list())?;
        world.fault(Fault::on("POST /event").cut_after());
        let now = Timestamp::now();
        let error = wait!(user.events().create(NewEvent::new(&calendars[0], "Once", now, now))).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Network { sent: Sent::Maybe }), "{error:?}");
        assert!(error.may_have_happened());
        assert_eq!(world.requests("POST /event"), 1);
        let page = wait!(user.events().list(ListEvents::between(now, now + SignedDuration::from_secs(1)).page_size(1000)).first())?
            .ok_or("no page")?;
        let created = page.events.iter().find(|event| event.title == "Once").ok_or("the event was not created")?;
        world.fault(Fault::on("DELETE /event").cut_after());
        wait!(user.events().delete(created.delete()?))?;
        assert_eq!(world.requests("DELETE /event"), 2, "the second delete finds no event, which counts as success");
        Ok(())
    }

    fn html_page_is_an_error_instead_of_an_empty_list(world) {
        let user = wait!(sign_in(world, "ann"))?;
        world.fault(Fault::on("GET /calendars").garbage());
        let error = wait!(user.calendars().list()).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Decode { .. }), "{error:?}");
        world.fault(Fault::on("GET /events").truncate(100));
        let error = wait!(user.events().list(this_year()).first()).unwrap_err();
        let ErrorKind::Decode { offset, .. } = error.kind() else { panic!("{error:?}") };
        assert_eq!(*offset, 100);
        Ok(())
    }

    fn redirect_is_not_followed(world) {
        let user = wait!(sign_in(world, "ann"))?;
        let before = world.requests("GET /calendars");
        world.fault(Fault::on("GET /calendars").status(302).header("location", "http://127.0.0.1:9/steal"));
        let error = wait!(user.calendars().list()).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Http), "{error:?}");
        assert_eq!(error.status().map(|status| status.as_u16()), Some(302));
        assert_eq!(world.requests("GET /calendars") - before, 1);
        Ok(())
    }

    fn code_of_another_user_is_refused(world) {
        world.set("code", "user_id")?;
        let client = client(world).build()?;
        let mallory = client.auth().sign_in(SignIn::new("mallory"))?;
        world.consent(client.auth().sign_in(SignIn::new("victim"))?.url())?;
        let state = parameter(mallory.url(), "state");
        let error = wait!(client.auth().finish(mallory, &format!("code=victim&state={state}"))).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::SignIn(SignInFault::WrongUser)), "{error:?}");
        for user in ["mallory", "victim"] {
            assert_eq!(world.store.load(&client.app().token_key(user))?, None);
            let error = wait!(client.user(user).calendars().list()).unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Authentication), "{error:?}");
        }
        Ok(())
    }

    fn callback_with_a_wrong_state_or_an_error_is_refused(world) {
        let client = client(world).build()?;
        let begun = || client.auth().sign_in(SignIn::new("ann"));
        let valid = begun()?;
        let callback = world.consent(valid.url())?;
        let error = wait!(client.auth().finish(begun()?, &callback)).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::SignIn(SignInFault::State)), "{error:?}");
        let denied = begun()?;
        let query = format!("error=access_denied&state={}", parameter(denied.url(), "state"));
        let error = wait!(client.auth().finish(denied, &query)).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::SignIn(SignInFault::Denied)), "{error:?}");
        assert_eq!(error.server_code(), Some("access_denied"));
        assert_eq!(world.requests("POST /oauth/token"), 0, "no code was exchanged");
        let kept = serde_json::to_string(&valid)?; // a web application stores it in its session until the callback
        wait!(client.auth().finish(serde_json::from_str(&kept)?, &callback))?;
        Ok(())
    }

    fn sign_out_revokes_and_deletes_tokens(world) {
        let user = wait!(sign_in(world, "ann"))?;
        wait!(user.calendars().list())?;
        wait!(user.sign_out())?;
        assert_eq!(world.stats().revocations, 1);
        assert_eq!(world.store.load(user.session().key())?, None);
        let before = world.requests("GET /calendars");
        let error = wait!(user.calendars().list()).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Authentication), "{error:?}");
        assert_eq!(world.requests("GET /calendars"), before);
        wait!(sign_in_with(world, user.client(), SignIn::new("ann")))?;
        wait!(user.calendars().list())?;
        Ok(())
    }

    fn sign_out_deletes_tokens_even_if_the_service_fails(world) {
        let user = wait!(sign_in(world, "ann"))?;
        world.fault(Fault::on("POST /oauth/revoke").status(500).times(3));
        let error = wait!(user.sign_out()).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Server), "{error:?}");
        assert_eq!(error.attempts(), 3);
        assert_eq!(world.store.load(user.session().key())?, None);
        Ok(())
    }

    fn revocation_is_repeated_after_a_503(world) {
        let user = wait!(sign_in(world, "ann"))?;
        world.fault(Fault::on("POST /oauth/revoke").status(503));
        wait!(user.sign_out())?;
        assert_eq!(world.stats().revocations, 1);
        assert_eq!(world.store.load(user.session().key())?, None);
        Ok(())
    }

    fn revoked_session_ends_and_offers_a_sign_in(world) {
        let (tell, told) = std::sync::mpsc::channel();
        let client = client(world).on_session_ended(move |ended: SessionEnded| drop(tell.send(ended))).build()?;
        let user = wait!(sign_in_with(world, &client, SignIn::new("ann").scope(Scope::Read)))?;
        let tokens = world.store.load(user.session().key())?.ok_or("no tokens")?;
        wait!(client.send(&Revoke::new(tokens.access_token.expose())))?;
        let error = wait!(user.calendars().list()).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Authentication), "{error:?}");
        assert_eq!(error.server_code(), Some("invalid_grant"));
        assert_eq!(world.store.load(user.session().key())?, None);
        let ended = told.try_recv()?;
        assert_eq!(&*ended.key.user, "ann");
        let again = ended.sign_in().ok_or("no sign-in")?;
        assert!(again.url().contains("scope=read"), "{}", again.url());
        let callback = world.consent(again.url())?;
        wait!(client.auth().finish(again, &callback))?;
        wait!(user.calendars().list())?;
        assert!(told.try_recv().is_err(), "the session end is reported once");
        Ok(())
    }

    fn failing_token_endpoint_signs_no_user_out(world) {
        let user = wait!(sign_in(world, "ann"))?;
        world.expire();
        world.fault(Fault::on("POST /oauth/token").status(503));
        let error = wait!(user.calendars().list()).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Server), "{error:?}");
        wait!(user.calendars().list())?;
        assert_eq!(world.refreshes(), 1);
        Ok(())
    }

    fn service_that_refuses_every_token_costs_one_refresh(world) {
        let user = wait!(sign_in(world, "ann"))?;
        world.fault(Fault::on("GET /calendars").status(401).body(r#"{"error":"Unauthorized"}"#).times(4));
        for _ in 0..3 {
            let error = wait!(user.calendars().list()).unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Server), "the error must not suggest a sign-in: {error:?}");
        }
        assert_eq!(world.refreshes(), 1);
        wait!(user.calendars().list())?;
        Ok(())
    }

    fn store_without_room_keeps_the_refresh_token(world) {
        world.set("rotation", "strict")?;
        let store = Flaky::new(world.store.clone());
        let client = client(world).store(store.clone()).build()?;
        let user = wait!(sign_in_with(world, &client, SignIn::new("ann")))?;
        world.expire();
        store.fill(true);
        let before = world.requests("POST /oauth/token");
        for _ in 0..3 {
            let error = wait!(user.calendars().list()).unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::TokenStore), "{error:?}");
        }
        assert_eq!(world.requests("POST /oauth/token"), before, "no refresh was sent");
        store.fill(false);
        wait!(user.calendars().list())?;
        Ok(())
    }

    fn rate_limit_with_any_error_code_ends_no_sign_in(world) {
        let user = wait!(sign_in(world, "ann"))?;
        for code in ["invalid_grant", "invalid_client", "temporarily_unavailable"] {
            world.expire();
            let body = format!(r#"{{"error":"{code}"}}"#);
            world.fault(Fault::on("POST /oauth/token").status(429).header("retry-after", "0").body(&body));
            wait!(user.calendars().list())?;
        }
        assert_eq!(world.refreshes(), 3);
        Ok(())
    }

    fn rate_limit_of_the_token_endpoint_holds_for_all_users(world) {
        let client = client(world).build()?;
        for user in ["ann", "bob", "eve"] {
            wait!(sign_in_with(world, &client, SignIn::new(user)))?;
        }
        world.expire();
        world.fault(Fault::on("POST /oauth/token").status(429).header("retry-after", "3600"));
        let before = world.requests("POST /oauth/token");
        for _ in 0..10 {
            for user in ["ann", "bob", "eve"] {
                let error = wait!(client.user(user).calendars().list()).unwrap_err();
                assert!(matches!(error.kind(), ErrorKind::RateLimited), "{error:?}");
                assert!(error.retry_after().is_some_and(|wait| wait > Duration::from_secs(3000)), "{error:?}");
            }
        }
        assert_eq!(world.requests("POST /oauth/token") - before, 1);
        Ok(())
    }

    fn restored_older_record_costs_no_sign_in(world) {
        world.set("rotation", "strict")?;
        let user = wait!(sign_in(world, "ann"))?;
        let key = user.session().key().clone();
        let mut older = world.store.load(&key)?;
        for _ in 0..3 {
            world.expire();
            wait!(user.calendars().list())?;
            let now = world.store.load(&key)?;
            let restored = std::mem::replace(&mut older, now).ok_or("no record")?;
            let mut lock = world.store.try_lock(&key, Duration::from_secs(1))?.ok_or("locked")?;
            lock.save(&restored)?;
        }
        world.expire();
        wait!(user.calendars().list())?;
        let exchanges = world.stats().exchanges.refresh;
        assert_eq!((exchanges.granted, exchanges.refused), (4, 0));
        Ok(())
    }

    fn rate_limited_token_endpoint_is_waited_for(world) {
        let user = wait!(sign_in(world, "ann"))?;
        world.expire();
        world.fault(Fault::on("POST /oauth/token").status(429).header("retry-after", "0").times(2));
        wait!(user.calendars().list())?;
        assert_eq!(world.refreshes(), 1);
        Ok(())
    }

    fn wrong_credentials_do_not_end_the_session(world) {
        let user = wait!(sign_in(world, "ann"))?;
        world.expire();
        world.fault(Fault::on("POST /oauth/token").status(401).body(r#"{"error":"invalid_client"}"#));
        let error = wait!(user.calendars().list()).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Configuration), "{error:?}");
        wait!(user.calendars().list())?;
        Ok(())
    }

    fn exchange_with_a_lost_response_is_repeated(world) {
        let user = wait!(sign_in(world, "ann"))?;
        world.expire();
        world.fault(Fault::on("POST /oauth/token").cut_after());
        let error = wait!(user.calendars().list()).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Network { sent: Sent::Maybe }), "{error:?}");
        wait!(user.calendars().list())?;
        let stats = world.stats();
        assert_eq!((stats.exchanges.refresh.granted, stats.family_revocations), (2, 0));
        Ok(())
    }

    fn short_lifetime_does_not_refresh_on_every_call(world) {
        world.set("token_ttl", "30")?;
        let user = wait!(sign_in(world, "ann"))?;
        for _ in 0..10 {
            wait!(user.calendars().list())?;
        }
        assert_eq!(world.refreshes(), 0);
        Ok(())
    }

    fn token_near_its_expiry_is_refreshed_early(world) {
        world.set("token_ttl", "1")?;
        let user = wait!(sign_in(world, "ann"))?;
        world.set("token_ttl", "3600")?;
        pause!(Duration::from_millis(1100));
        wait!(user.calendars().list())?;
        let stats = world.stats();
        assert_eq!((stats.exchanges.refresh.granted, stats.expired_answers), (1, 0));
        Ok(())
    }

    fn new_sign_in_uses_the_applications_credentials(world) {
        let client = client(world).build()?;
        let user = wait!(sign_in_with(world, &client, SignIn::new("ann")))?;
        wait!(user.calendars().list())?;
        wait!(sign_in_with(world, &client, SignIn::new("ann")))?;
        wait!(user.calendars().list())?;
        let stats = world.stats();
        assert_eq!((stats.exchanges.code.granted, stats.exchanges.code.refused), (2, 0));
        assert_eq!(stats.exchanges.refresh.granted, 0);
        let with: Vec<_> = world.sandbox(|sandbox| sandbox.requests().iter()
            .filter(|request| request.endpoint == "POST /oauth/token").map(|request| request.authorization.clone()).collect());
        assert!(with.iter().all(|value| value.as_deref().is_some_and(|value| value.starts_with("Basic"))), "{with:?}");
        Ok(())
    }

    fn unsuccessful_200_response_is_an_error(world) {
        let user = wait!(sign_in(world, "ann"))?;
        let calendars = wait!(user.calendars().list())?;
        let no = || Fault::on("POST /event").status(200).body(r#"{"success":false,"message":"The calendar is full"}"#);
        world.fault(no());
        let now = Timestamp::now();
        let error = wait!(user.events().create(NewEvent::new(&calendars[0], "x", now, now))).unwrap_err();
        assert!(error.to_string().contains("The calendar is full"), "{error}");
        world.fault(Fault::on("DELETE /event").status(200).body(r#"{"success":false,"message":"Not yours"}"#));
        let error = wait!(user.events().delete(DeleteEvent::new(Provider::Google, "a", "b"))).unwrap_err();
        assert!(error.to_string().contains("Not yours"), "{error}");
        Ok(())
    }

    fn hanging_token_endpoint_times_out(world) {
        let client = client(world).exchange_timeout(Duration::from_millis(200)).build()?;
        let user = wait!(sign_in_with(world, &client, SignIn::new("ann")))?;
        world.expire();
        world.fault(Fault::on("POST /oauth/token").delay(Duration::from_millis(1500)));
        let error = wait!(user.calendars().list()).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Timeout), "{error:?}");
        assert!(!error.may_have_happened(), "the call was not sent again");
        wait!(user.calendars().list())?;
        Ok(())
    }

    fn failure_after_a_refresh_is_a_regular_error(world) {
        let client = client(world).retry(RetryPolicy::none()).build()?;
        let user = wait!(sign_in_with(world, &client, SignIn::new("ann")))?;
        world.expire();
        world.fault(Fault::on("GET /calendars").skip(1).cut_after());
        let error = wait!(user.calendars().list()).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Network { sent: Sent::Maybe }), "{error:?}");
        assert_eq!(error.attempts(), 2);
        wait!(user.calendars().list())?;
        assert_eq!(world.refreshes(), 1);
        Ok(())
    }

    fn failed_call_is_not_repeated_at_another_path(world) {
        let user = wait!(sign_in(world, "ann"))?;
        world.fault(Fault::on("POST /oauth/disconnect").status(404).body(r#"{"message":"No such account"}"#));
        let error = wait!(user.connections().disconnect(Disconnect::new(Provider::Google).account("gone"))).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::NotFound), "{error:?}");
        world.fault(Fault::on("GET /oauth/connection-status").status(501).body(r#"{"message":"Not here"}"#));
        let error = wait!(user.connections().status()).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Server), "{error:?}");
        let seen = world.stats().requests;
        assert!(!seen.contains_key("GET /connection-status") && !seen.contains_key("POST /disconnect"), "{seen:?}");
        assert_eq!(world.requests("POST /oauth/disconnect") + world.requests("GET /oauth/connection-status"), 2);
        Ok(())
    }

    fn users_do_not_see_each_others_events(world) {
        let client = client(world).build()?;
        let ann = wait!(sign_in_with(world, &client, SignIn::new("ann")))?;
        let bob = wait!(sign_in_with(world, &client, SignIn::new("bob")))?;
        let calendars = wait!(ann.calendars().list())?;
        let (start, end) = ("2026-12-01T09:00:00Z".parse::<Timestamp>()?, "2026-12-01T09:30:00Z".parse::<Timestamp>()?);
        wait!(ann.events().create(NewEvent::new(&calendars[0], "Ann's own", start, end)))?;
        let day = || ListEvents::between(start, end).page_size(1000);
        let sees = |page: Option<EventPage>| page.is_some_and(|page| page.events.iter().any(|event| event.title == "Ann's own"));
        assert!(sees(wait!(ann.events().list(day()).first())?));
        assert!(!sees(wait!(bob.events().list(day()).first())?));
        Ok(())
    }

    fn disconnected_provider_is_no_longer_listed(world) {
        let user = wait!(sign_in(world, "ann"))?;
        let status = wait!(user.connections().status())?;
        assert_eq!(status.connections.len(), 4);
        wait!(user.connections().disconnect(Disconnect::new(Provider::Microsoft)))?;
        let calendars = wait!(user.calendars().list())?;
        assert!(calendars.iter().all(|calendar| calendar.provider != Some(Provider::Microsoft)), "{calendars:?}");
        Ok(())
    }

    fn custom_endpoint_is_refreshed_like_any_other(world) {
        struct Legacy;
        impl Endpoint for Legacy {
            type Output = ConnectionStatus;
            fn method(&self) -> http::Method { http::Method::GET }
            fn path(&self) -> Result<std::borrow::Cow<'_, str>, connect_core::Error> { Ok("/connection-status".into()) }
        }
        let user = wait!(sign_in(world, "ann"))?;
        world.expire();
        let reply = wait!(user.reply(&Legacy))?;
        assert_eq!(reply.status.as_u16(), 200);
        assert!(reply.headers.contains_key("content-type"));
        assert_eq!(wait!(user.client().health())?.status.as_deref(), Some("ok"));
        Ok(())
    }

    fn explicit_refresh_makes_one_exchange(world) {
        let user = wait!(sign_in(world, "ann"))?;
        wait!(user.refresh())?;
        assert_eq!(world.refreshes(), 1);
        wait!(user.calendars().list())?;
        let again = client(world).build()?.user("ann");
        wait!(again.refresh())?;
        wait!(user.calendars().list())?;
        wait!(user.refresh())?;
        let stats = world.stats();
        assert_eq!((stats.exchanges.refresh.granted, stats.exchanges.refresh.refused), (2, 0), "the pair of the other client is used");
        let error = wait!(client(world).build()?.user("nobody").refresh()).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Authentication), "{error:?}");
        Ok(())
    }

    fn restarted_program_uses_the_stored_tokens(world) {
        let user = wait!(sign_in(world, "ann"))?;
        wait!(user.calendars().list())?;
        drop(user);
        let again = client(world).build()?.user("ann");
        wait!(again.calendars().list())?;
        assert_eq!(world.stats().exchanges.code.granted, 1);
        Ok(())
    }

    fn imported_tokens_are_used(world) {
        let user = wait!(sign_in(world, "ann"))?;
        let tokens = world.store.load(user.session().key())?.ok_or("no tokens")?;
        let store = MemoryStore::new();
        let other = client(world).store(store.clone()).build()?.user("ann");
        wait!(other.import(Tokens::new(tokens.access_token.clone(), tokens.refresh_token.clone().ok_or("none")?)))?;
        assert!(store.load(other.session().key())?.is_some(), "imported tokens are saved before use");
        wait!(other.calendars().list())?;
        world.expire();
        wait!(other.calendars().list())?;
        assert_eq!(world.refreshes(), 1);
        Ok(())
    }

    fn pair_of_a_failed_save_is_saved_by_the_next_call(world) {
        let store = Flaky::new(MemoryStore::new());
        let client = client(world).store(store.clone()).build()?;
        let user = wait!(sign_in_with(world, &client, SignIn::new("ann")))?;
        let before = store.load(user.session().key())?.ok_or("no tokens")?;
        world.expire();
        store.fail_saves(1);
        let calls = world.requests("GET /calendars");
        let error = wait!(user.calendars().list()).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::TokenStore), "{error:?}");
        assert!(error.to_string().contains("the disk is full"), "{error}");
        assert_eq!(world.requests("GET /calendars") - calls, 1, "the unsaved token is not used");
        assert_eq!(store.load(user.session().key())?, Some(before));
        wait!(user.calendars().list())?;
        assert_eq!(world.refreshes(), 1, "the pending pair is saved without another exchange");
        assert_eq!(world.requests("GET /calendars") - calls, 2, "the pending pair is used after its save");
        Ok(())
    }

    fn token_hook_works_as_a_store(world) {
        let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let (hook, fail) = (seen.clone(), std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false)));
        let failing = fail.clone();
        let save = move |key: &TokenKey, tokens: Option<&Tokens>| {
            if failing.swap(false, std::sync::atomic::Ordering::SeqCst) {
                return Err(StoreError::new("the database is away"));
            }
            hook.lock().unwrap().push((key.user.to_string(), tokens.map(|tokens| tokens.access_token.clone())));
            Ok(())
        };
        let client = with_hook!(client(world), save).build()?;
        let user = wait!(sign_in_with(world, &client, SignIn::new("ann")))?;
        world.expire();
        fail.store(true, std::sync::atomic::Ordering::SeqCst);
        let error = wait!(user.calendars().list()).unwrap_err();
        assert!(error.to_string().contains("the database is away"), "{error}");
        wait!(user.calendars().list())?;
        wait!(user.sign_out())?;
        let seen = seen.lock().unwrap();
        assert_eq!(seen.len(), 3, "sign-in, refresh, end: {seen:?}");
        assert!(seen[0].1.is_some() && seen[1].1.is_some() && seen[0] != seen[1] && seen[2].1.is_none());
        Ok(())
    }

    fn invalid_request_is_not_sent(world) {
        let user = wait!(sign_in(world, "ann"))?;
        let calendars = wait!(user.calendars().list())?;
        let before = world.stats();
        let later: Timestamp = "2026-12-01T10:00:00Z".parse()?;
        let earlier: Timestamp = "2026-12-01T09:00:00Z".parse()?;
        let errors = [
            wait!(user.events().create(NewEvent::new(&calendars[0], "x", later, earlier))).unwrap_err(),
            wait!(user.events().list(this_year().page_size(0)).first()).unwrap_err(),
            wait!(user.events().list(this_year().page_size(1001)).first()).unwrap_err(),
            wait!(user.connections().disconnect(Disconnect::new(Provider::Google).account(""))).unwrap_err(),
            client_error(user.client().auth().sign_in(SignIn::new(""))),
        ];
        for error in &errors {
            assert!(matches!(error.kind(), ErrorKind::Validation { .. }), "{error:?}");
            assert_eq!(error.attempts(), 0);
        }
        assert_eq!(world.stats().requests, before.requests);
        Ok(())
    }

    fn delivery_is_verified_and_handled_once(world) {
        world.set("webhook_url", "http://127.0.0.1:9/hook")?;
        world.set("initial_sync", "off")?;
        let user = wait!(sign_in(world, "ann"))?;
        let client = user.client();
        let delivery = world.delivery("ann")?;
        let (headers, body) = (delivery.headers(), delivery.body());
        let received = wait!(client.webhooks().receive(headers, body))?;
        assert_eq!((received.delivery.user_id.as_deref(), received.delivery.events[0].event.title.as_str()), (Some("ann"), "Moved"));
        let declined = wait!(client.webhooks().receive(headers, body)).unwrap_err();
        assert!(matches!(declined, Declined::InProgress) && declined.status() == 503, "{declined:?}");

        // If the handler fails, a repeated delivery is accepted.
        drop(received);
        let received = wait!(client.webhooks().receive(headers, body))?;
        wait!(received.release())?;
        let received = wait!(client.webhooks().receive(headers, body))?;
        wait!(received.done())?;
        let again = world.delivery_again()?;
        assert_eq!(again.headers()["webhook-id"], headers["webhook-id"]);
        assert_ne!(again.headers()["webhook-signature"], headers["webhook-signature"]);
        for replay in [&delivery, &again] {
            let declined = wait!(client.webhooks().receive(replay.headers(), replay.body())).unwrap_err();
            assert!(matches!(declined, Declined::Handled) && declined.status() == 200, "{declined:?}");
        }

        let mut forged = body.to_vec();
        forged[0] ^= 1;
        let rejection = wait!(client.webhooks().verify(headers, &forged)).unwrap_err();
        assert_eq!((rejection.reason(), rejection.status().as_u16()), (Reason::NoMatchingSignature, 503));
        assert_eq!(world.requests("GET /.well-known/webhook-keys"), 1, "the keys are fetched at most once per minute");
        Ok(())
    }

    fn delivery_without_keys_gets_503(world) {
        world.set("webhook_url", "http://127.0.0.1:9/hook")?;
        world.set("initial_sync", "off")?;
        let user = wait!(sign_in(world, "ann"))?;
        let delivery = world.delivery("ann")?;
        let moved = Fault::on("GET /.well-known/webhook-keys").status(302).header("location", "/api/health");
        let broken = [moved, Fault::on("GET /.well-known/webhook-keys").status(503), Fault::on("GET /.well-known/webhook-keys").cut_before()];
        for fault in broken {
            let client = client(world).build()?;
            world.fault(fault);
            let rejection = wait!(client.webhooks().verify(delivery.headers(), delivery.body())).unwrap_err();
            assert_eq!((rejection.reason(), rejection.status().as_u16()), (Reason::NoPublicKeys, 503));
            assert!(rejection.cause().is_some());
        }
        // A pinned key verifies without a fetch.
        let key = world.sandbox(|sandbox| sandbox.webhook_keys(Timestamp::now()))[0].key.clone();
        let client = client(world).webhook_key(key).build()?;
        world.fault(Fault::on("GET /.well-known/webhook-keys").status(503));
        wait!(client.webhooks().verify(delivery.headers(), delivery.body()))?;
        assert_eq!(world.requests("GET /.well-known/webhook-keys"), 4);

        // Restored keys are not fetched again.
        let keys = {
            let client = user.client();
            wait!(client.webhooks().verify(delivery.headers(), delivery.body()))?;
            client.webhooks().keys().ok_or("no keys")?
        };
        let restarted = self::client(world).build()?;
        restarted.webhooks().restore_keys(keys.clone());
        wait!(restarted.webhooks().verify(delivery.headers(), delivery.body()))?;
        let restarted = self::client(world).webhook_keys(keys).build()?;
        wait!(restarted.webhooks().verify(delivery.headers(), delivery.body()))?;
        assert_eq!(world.requests("GET /.well-known/webhook-keys"), 5);
        Ok(())
    }

    fn subscriptions_follow_the_upkeep_plan(world) {
        world.set("webhook_url", "http://127.0.0.1:9/hook")?;
        world.set("auto_subscribe", "off")?;
        let user = wait!(sign_in(world, "ann"))?;
        let calendars = wait!(user.calendars().list())?;
        let mut wanted: Vec<CalendarRef> = calendars.iter().map(CalendarRef::from).collect();
        let mut held: Vec<Held> = Vec::new();
        let now = Timestamp::now();
        let days = |days: i64| now + SignedDuration::from_hours(24 * days);
        let of_microsoft = calendars.iter().filter(|one| one.provider == Some(Provider::Microsoft)).count();
        // The steps: subscribe all calendars; nothing is due; after two days, renew Microsoft's subscriptions
        // of three days; unsubscribe all calendars but one.
        for (at, keep, due) in [(0, 99, wanted.len()), (0, 99, 0), (2, 99, of_microsoft), (0, 1, wanted.len() - 1)] {
            wanted.truncate(keep);
            let actions = Upkeep::default().plan(&wanted, &held, days(at) + SignedDuration::from_secs(60));
            assert_eq!(actions.len(), due, "{actions:?}");
            for action in actions {
                match action {
                    UpkeepAction::Subscribe(calendar, request) => {
                        let answer = wait!(user.webhooks().subscribe(request))?;
                        let made = Held::new(&calendar, &answer).ok_or("no channel")?;
                        held.retain(|held| !made.replaces(held));
                        held.push(made);
                    }
                    UpkeepAction::Unsubscribe(gone, request) => {
                        wait!(user.webhooks().unsubscribe(request))?;
                        held.retain(|held| *held != gone);
                    }
                }
            }
            let kept: Vec<_> = world.sandbox(|sandbox| sandbox.subscriptions().iter().map(|one| one.channel_id.clone()).collect());
            let known: std::collections::BTreeSet<_> = held.iter().map(|held| held.channel_id.to_string()).collect();
            assert_eq!(kept.into_iter().collect::<std::collections::BTreeSet<_>>(), known);
        }
        assert_eq!(held.len(), 1);
        let renewed = wait!(user.webhooks().subscribe(SubscribeWebhook::new((Provider::Google, "primary"))));
        assert!(matches!(renewed.unwrap_err().kind(), ErrorKind::Validation { .. }), "`primary` cannot be subscribed");
        Ok(())
    }

    fn create_with_a_lost_response_makes_one_event(world) {
        let user = wait!(sign_in(world, "ann"))?;
        let calendars = wait!(user.calendars().list())?;
        let (start, end) = ("2026-12-01T09:00:00Z".parse::<Timestamp>()?, "2026-12-01T09:30:00Z".parse::<Timestamp>()?);
        let new = |n: usize| NewEvent::new(&calendars[n], "Stand-up", start, end).custom(r#"{"room": 5}"#.parse().expect("JSON"));
        let made = |world: &World| world.sandbox(|sandbox| sandbox.stats().answered("POST /event", 201) + sandbox.stats().cut("POST /event"));

        let CreateOutcome::Created(event) = wait!(user.events().create_once("plain", new(0)))? else { return Err("not created".into()) };
        assert_eq!(event.external_event_id().as_deref(), Some("plain"));
        // The service creates the event, and the response is lost.
        world.fault(Fault::on("POST /event").cut_after());
        let CreateOutcome::Found(event) = wait!(user.events().create_once("found", new(1)))? else { return Err("not found".into()) };
        assert_eq!((event.external_event_id().as_deref(), event.title.as_str()), (Some("found"), "Stand-up"));
        // The service does not create the event; only a search can show that.
        world.fault(Fault::on("POST /event").cut_before());
        let CreateOutcome::Absent(error) = wait!(user.events().create_once("absent", new(0)))? else { return Err("not absent".into()) };
        assert!(error.may_have_happened());
        assert!(wait!(user.events().find_once("absent", &new(0)))?.is_none());
        // The search fails too.
        world.fault(Fault::on("POST /event").cut_after());
        world.fault(Fault::on("GET /events").status(503).skip(1).times(3));
        let CreateOutcome::Unknown(error) = wait!(user.events().create_once("unknown", new(0)))? else { return Err("known".into()) };
        assert!(error.may_have_happened());
        assert!(wait!(user.events().find_once("unknown", &new(0)))?.is_some(), "the event exists");
        assert_eq!(made(world), 4, "each create is sent once");
        for (key, calendar) in [("plain", 0), ("found", 1), ("unknown", 0)] {
            let CreateOutcome::Found(event) = wait!(user.events().create_once(key, new(calendar)))? else { return Err("created again".into()) };
            assert_eq!(event.external_event_id().as_deref(), Some(key));
        }
        assert_eq!(made(world), 4, "an event that exists is not created again");
        // A refused create and an empty key are errors.
        world.fault(Fault::on("POST /event").status(400).body(r#"{"message": "no"}"#));
        let refused = wait!(user.events().create_once("refused", new(0))).unwrap_err();
        assert!(matches!(refused.kind(), ErrorKind::Validation { .. }) && !refused.may_have_happened(), "{refused:?}");
        assert!(matches!(wait!(user.events().create_once("", new(0))).unwrap_err().kind(), ErrorKind::Validation { .. }));
        // All-day events and series are found too.
        let day: jiff::civil::Date = "2026-12-05".parse()?;
        let whole = NewEvent::all_day(&calendars[2], "Fair", day, day.tomorrow()?);
        wait!(user.events().create_once("days", whole.clone()))?;
        assert!(wait!(user.events().find_once("days", &whole))?.is_some());
        let series = new(3).recurrence(Recurrence::daily().count(5));
        wait!(user.events().create_once("series", series.clone()))?;
        let first = wait!(listed(&user, ListEvents::between(start, end).calendar(&calendars[3]), 0))?;
        wait!(user.events().delete(first.iter().find(|event| event.title == "Stand-up").ok_or("no occurrence")?.delete()?))?;
        let CreateOutcome::Found(found) = wait!(user.events().create_once("series", series))? else { return Err("created again".into()) };
        assert!(found.recurring_event_id.is_none(), "the series is found, although its first occurrence is gone");
        Ok(())
    }
}
