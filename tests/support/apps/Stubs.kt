// What stands in for Portal's Android SDK and for androidx in the test of docs/apps: the same names and signatures.

@file:Suppress("unused", "UNUSED_PARAMETER")

package io.portalhq.android

import io.portalhq.android.mpc.data.BackupConfigs
import io.portalhq.android.mpc.data.BackupMethods
import io.portalhq.android.mpc.data.MpcStatus

class Api {
    val told = mutableListOf<String>()

    suspend fun storedClientBackupShare(success: Boolean, backupMethod: BackupMethods) {
        told.add("$success ${backupMethod.method}")
    }
}

class Portal {
    val api = Api()
    var recovered = ""

    suspend fun backupWallet(
        backupMethod: BackupMethods = BackupMethods.Gdrive,
        backupConfigs: BackupConfigs? = null,
        progress: (MpcStatus) -> Unit = {},
    ): String = "cipher text made by Kotlin"

    suspend fun recoverWallet(
        cipherText: String,
        backupMethod: BackupMethods = BackupMethods.Gdrive,
        backupConfigs: BackupConfigs? = null,
        progress: (MpcStatus) -> Unit = {},
    ): String {
        recovered = cipherText
        return "0xaddress"
    }
}
