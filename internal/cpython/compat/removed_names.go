package compat

// namesRemoved are attributes of modules that stayed.
func namesRemoved() []removal {
	var all []removal
	add := func(deprecated, removed int, pairs ...string) {
		for i := 0; i+1 < len(pairs); i += 2 {
			all = append(all, removal{kindName, pairs[i], deprecated, removed, pairs[i+1]})
		}
	}
	add(3, 8, "time.clock", "time.perf_counter", "cgi.escape", "html.escape", "cgi.parse_qs", "urllib.parse.parse_qs",
		"platform.linux_distribution", "the distribution distro", "platform.dist", "the distribution distro", "os.errno", "errno")
	add(3, 9, "base64.encodestring", "base64.encodebytes", "base64.decodestring", "base64.decodebytes", "fractions.gcd", "math.gcd",
		"sys.getcheckinterval", "sys.getswitchinterval", "sys.setcheckinterval", "sys.setswitchinterval", "plistlib.readPlist", "plistlib.load",
		"plistlib.writePlist", "plistlib.dump")
	for _, abc := range []string{
		"Awaitable", "Coroutine", "AsyncIterable", "AsyncIterator", "AsyncGenerator", "Hashable", "Iterable", "Iterator", "Generator", "Reversible", "Container",
		"Collection", "Callable", "Set", "MutableSet", "Mapping", "MutableMapping", "MappingView", "KeysView", "ItemsView", "ValuesView", "Sequence",
		"MutableSequence", "ByteString",
	} {
		add(3, 10, "collections."+abc, "collections.abc."+abc)
	}
	add(8, 11, "asyncio.coroutine", "async def", "inspect.getargspec", "inspect.signature, or inspect.getfullargspec", "inspect.formatargspec", "inspect.signature",
		"gettext.lgettext", "gettext.gettext", "gettext.ldgettext", "gettext.dgettext", "gettext.lngettext", "gettext.ngettext", "gettext.bind_textdomain_codeset", "nothing",
		"binascii.b2a_hqx", "nothing", "binascii.a2b_hqx", "nothing")
	add(7, 12, "ssl.wrap_socket", "ssl.SSLContext.wrap_socket", "ssl.match_hostname", "what ssl.SSLContext checks by itself", "ssl.RAND_pseudo_bytes", "os.urandom",
		"configparser.SafeConfigParser", "configparser.ConfigParser", "locale.format", "locale.format_string",
		"pkgutil.ImpImporter", "importlib", "pkgutil.ImpLoader", "importlib", "importlib.find_loader", "importlib.util.find_spec", "importlib.util.set_package", "importlib",
		"importlib.util.set_loader", "importlib", "importlib.util.module_for_loader", "importlib", "sqlite3.enable_shared_cache", "a URI with cache=shared",
		"sqlite3.OptimizedUnicode", "str", "unittest._TextTestResult", "unittest.TextTestResult", "io.OpenWrapper", "open")
	add(11, 13, "locale.resetlocale", "locale.setlocale(locale.LC_ALL, \"\")", "unittest.makeSuite", "unittest.defaultTestLoader.loadTestsFromTestCase",
		"unittest.findTestCases", "unittest.defaultTestLoader.loadTestsFromModule", "unittest.getTestCaseNames", "unittest.defaultTestLoader.getTestCaseNames",
		"configparser.LegacyInterpolation", "configparser.BasicInterpolation", "re.template", "re.compile")
	add(12, 14, "ast.Num", "ast.Constant", "ast.Str", "ast.Constant", "ast.Bytes", "ast.Constant", "ast.NameConstant", "ast.Constant", "ast.Ellipsis", "ast.Constant",
		"pkgutil.find_loader", "importlib.util.find_spec", "pkgutil.get_loader", "importlib.util.find_spec", "asyncio.set_child_watcher", "nothing",
		"asyncio.get_child_watcher", "nothing", "asyncio.ThreadedChildWatcher", "nothing", "asyncio.SafeChildWatcher", "nothing", "asyncio.FastChildWatcher", "nothing",
		"asyncio.MultiLoopChildWatcher", "nothing", "asyncio.PidfdChildWatcher", "nothing", "asyncio.AbstractChildWatcher", "nothing", "importlib.abc.ResourceReader",
		"importlib.resources.abc.ResourceReader", "importlib.abc.Traversable", "importlib.resources.abc.Traversable", "importlib.abc.TraversableResources",
		"importlib.resources.abc.TraversableResources", "pty.master_open", "pty.openpty", "pty.slave_open", "pty.openpty", "sqlite3.version", "sqlite3.sqlite_version",
		"sqlite3.version_info", "sqlite3.sqlite_version_info", "urllib.parse.Quoter", "urllib.parse.quote")
	// Deprecated, and still there.
	add(12, 0, "datetime.datetime.utcnow", "datetime.datetime.now(datetime.timezone.utc)", "datetime.datetime.utcfromtimestamp",
		"datetime.datetime.fromtimestamp(…, datetime.timezone.utc)", "calendar.January", "calendar.JANUARY", "calendar.February", "calendar.FEBRUARY")
	add(14, 0, "asyncio.iscoroutinefunction", "inspect.iscoroutinefunction", "asyncio.set_event_loop_policy", "asyncio.run(…, loop_factory=…)",
		"asyncio.get_event_loop_policy", "asyncio.run(…, loop_factory=…)", "codecs.open", "open")
	return all
}
