/*
 * What libzmq.a wants of GSSAPI, PGM and NORM, of which Debian has no archives
 * or none that one would wish to start: only programs linked from archives
 * hold this file.
 *
 * None of it can be reached: epgm://, pgm:// and norm:// are no URLs of ours,
 * and no socket of ours is ever told to use GSSAPI.  The build compares the
 * list with what libzmq.a asks for and links shared libraries when it differs.
 */
#include <stdlib.h>

#define STUB(name) \
	void name(void) __attribute__((noreturn)); \
	void name(void) { abort(); }

/* Sizes do not matter as nobody looks, but the linker wants something there. */
#define STUB_DATA(name) \
	extern const void *const name; \
	const void *const name = NULL;

/* libzmq calls these two for every context, and true is success. */
int pgm_init(void **errp);
int pgm_shutdown(void);

int
pgm_init(void **errp)
{
	(void)errp;
	return 1;
}

int
pgm_shutdown(void)
{
	return 1;
}

STUB(NormCreateInstance)
STUB(NormCreateSession)
STUB(NormDestroyInstance)
STUB(NormDestroySession)
STUB(NormGetDescriptor)
STUB(NormGetNextEvent)
STUB(NormGetRandomSessionId)
STUB(NormIsUnicastAddress)
STUB(NormNodeDelete)
STUB(NormObjectGetType)
STUB(NormObjectGetUserData)
STUB(NormObjectSetUserData)
STUB(NormSetCongestionControl)
STUB(NormSetDefaultSyncPolicy)
STUB(NormSetDefaultUnicastNack)
STUB(NormSetLoopback)
STUB(NormSetMulticastInterface)
STUB(NormSetRxPortReuse)
STUB(NormSetTTL)
STUB(NormStartReceiver)
STUB(NormStartSender)
STUB(NormStopInstance)
STUB(NormStopReceiver)
STUB(NormStopSender)
STUB(NormStreamFlush)
STUB(NormStreamOpen)
STUB(NormStreamRead)
STUB(NormStreamSeekMsgStart)
STUB(NormStreamWrite)
STUB(gss_accept_sec_context)
STUB(gss_acquire_cred)
STUB(gss_delete_sec_context)
STUB(gss_display_name)
STUB(gss_import_name)
STUB(gss_init_sec_context)
STUB(gss_release_buffer)
STUB(gss_release_cred)
STUB(gss_release_name)
STUB(gss_unwrap)
STUB(gss_wrap)
STUB(pgm_bind3)
STUB(pgm_close)
STUB(pgm_connect)
STUB(pgm_error_free)
STUB(pgm_free)
STUB(pgm_freeaddrinfo)
STUB(pgm_getaddrinfo)
STUB(pgm_getsockopt)
STUB(pgm_gsi_create_from_data)
STUB(pgm_recvmsgv)
STUB(pgm_send)
STUB(pgm_setsockopt)
STUB(pgm_socket)
STUB_DATA(GSS_C_NT_HOSTBASED_SERVICE)
STUB_DATA(GSS_C_NT_USER_NAME)
STUB_DATA(NORM_INSTANCE_INVALID)
STUB_DATA(NORM_NODE_ANY)
STUB_DATA(NORM_OBJECT_INVALID)
STUB_DATA(NORM_SESSION_INVALID)
