// Drives the snippets of docs/apps: url, user id, credential, and the url of a server that asks everybody to wait for an
// hour are the arguments; one line for each thing seen.

package com.example.wallet

import android.content.SharedPreferences
import io.portalhq.android.Portal
import io.portalhq.android.mpc.data.BackupMethods
import kotlinx.coroutines.Job
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import kotlinx.coroutines.yield

class Preferences : SharedPreferences, SharedPreferences.Editor {
    val values = mutableMapOf<String, String?>()

    override fun getString(key: String, defValue: String?) = values[key] ?: defValue

    override fun edit() = this

    override fun putString(key: String, value: String?) = apply { if (value == null) values.remove(key) else values[key] = value }

    override fun commit() = true

    /** The cipher texts, without the time that is before each. */
    fun texts() = values.values.map { it?.substringAfter(' ') }
}

fun main(args: Array<String>) = runBlocking {
    val (url, userId, credential, busyUrl) = args
    val portal = Portal()
    val kept = Preferences()
    // The first credential has expired: the app must ask for a fresh one.
    val wallet = WalletBackup(portal, BackupServer(url, userId, Outbox(kept)) { fresh -> if (fresh) credential else "expired" })
    wallet.backUp(BackupMethods.Password, "a password")
    println("told ${portal.api.told}")
    wallet.recover(BackupMethods.Password, "a password")
    println("recovered ${portal.recovered}")
    try {
        wallet.recover(BackupMethods.Passkey)
    } catch (failure: BackupServerException) {
        println("refused ${failure.status} ${failure.code}")
    }
    val stranger = WalletBackup(portal, BackupServer(url, "somebody else", Outbox(Preferences())) { credential })
    try {
        stranger.backUp(BackupMethods.Gdrive)
    } catch (failure: BackupServerException) {
        println("refused ${failure.status}, told ${portal.api.told.last()}")
    }
    try {
        BackupServer(busyUrl, userId, Outbox(kept)) { credential }.store("GDRIVE", "cipher text")
    } catch (failure: BackupServerException) {
        println("refused ${failure.status} for ${failure.retryAfterMs} ms")
    }
    println("kept ${kept.texts()}")
    wallet.finishBackUp(BackupMethods.Gdrive)
    wallet.recover(BackupMethods.Gdrive)
    println("finished, told ${portal.api.told.last()}, recovered ${portal.recovered}, kept ${kept.texts()}")

    println("a first backup broke off: finished ${wallet.finishBackUp(BackupMethods.Passkey)}")

    // Whoever leaves the screen cancels its work: the SDK has replaced the key by then.
    var screen: Job? = null
    portal.meanwhile = {
        screen?.cancel()
        yield()
    }
    screen = launch { wallet.backUp(BackupMethods.Passkey) }
    screen.join()
    println("left the screen, told ${portal.api.told.last()}, kept ${kept.texts()}")

    portal.meanwhile = {}
    portal.api.failure = IllegalStateException("Portal has answered with an error")
    try {
        wallet.backUp(BackupMethods.Gdrive)
    } catch (failure: IllegalStateException) {
        println("not told, kept ${kept.texts()}")
    }
    // The SDK's exceptions are not those of the network; the app shall not end with them.
    portal.meanwhile = { error("the password is wrong") }
    val screens = BackupViewModel(wallet)
    screens.recover("wrong")
    println(withTimeout(10_000) { screens.message.first { it.isNotEmpty() } })
}
