// What stands in for Portal's Android SDK and for androidx in the test of docs/apps: the same names and signatures.

@file:Suppress("unused", "UNUSED_PARAMETER")

package io.portalhq.android

import io.portalhq.android.mpc.data.BackupConfigs
import io.portalhq.android.mpc.data.BackupMethods
import io.portalhq.android.mpc.data.MpcStatus

class Api {
    val told = mutableListOf<String>()
    var failure: Exception? = null

    suspend fun storedClientBackupShare(success: Boolean, backupMethod: BackupMethods): Result<Boolean> {
        failure?.let { return Result.failure(it) }
        told.add("$success ${backupMethod.method}")
        return Result.success(true)
    }
}

class Portal {
    val api = Api()
    var recovered = ""

    /** What happens while a backup or a recovery runs. */
    var meanwhile: suspend () -> Unit = {}

    suspend fun backupWallet(
        backupMethod: BackupMethods = BackupMethods.Gdrive,
        backupConfigs: BackupConfigs? = null,
        progress: (MpcStatus) -> Unit = {},
    ): String {
        meanwhile()
        return "cipher text made by Kotlin"
    }

    suspend fun recoverWallet(
        cipherText: String,
        backupMethod: BackupMethods = BackupMethods.Gdrive,
        backupConfigs: BackupConfigs? = null,
        progress: (MpcStatus) -> Unit = {},
    ): String {
        meanwhile()
        recovered = cipherText
        return "0xaddress"
    }
}
