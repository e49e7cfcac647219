// Drives the snippets of docs/apps.md: url, user id, credential, and the url of a server that asks everybody to wait for an
// hour are the arguments; one line for each thing seen.

package com.example.wallet

import io.portalhq.android.Portal
import io.portalhq.android.mpc.data.BackupMethods
import kotlinx.coroutines.runBlocking

fun main(args: Array<String>) = runBlocking {
    val (url, userId, credential, busyUrl) = args
    val portal = Portal()
    // The first credential has expired: the app must ask for a fresh one.
    val wallet = WalletBackup(portal, BackupServer(url, userId) { fresh -> if (fresh) credential else "expired" })
    wallet.backUp(BackupMethods.Password, "a password")
    println("told ${portal.api.told}")
    wallet.recover(BackupMethods.Password, "a password")
    println("recovered ${portal.recovered}")
    try {
        wallet.recover(BackupMethods.Passkey)
    } catch (failure: BackupServerException) {
        println("refused ${failure.status} ${failure.code}")
    }
    val stranger = WalletBackup(portal, BackupServer(url, "somebody else") { credential })
    try {
        stranger.backUp(BackupMethods.Gdrive)
    } catch (failure: BackupServerException) {
        println("refused ${failure.status}, told ${portal.api.told.last()}")
    }
    try {
        BackupServer(busyUrl, userId) { credential }.store("GDRIVE", "cipher text")
    } catch (failure: BackupServerException) {
        println("refused ${failure.status} for ${failure.retryAfterMs} ms")
    }
}
