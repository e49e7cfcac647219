package io.portalhq.android.mpc.data

enum class BackupMethods(val method: String) { Gdrive("GDRIVE"), Passkey("PASSKEY"), Password("PASSWORD"), Unknown("UNKNOWN") }

class PasswordStorageConfig(val password: String)

class BackupConfigs(val passwordStorage: PasswordStorageConfig? = null)

class MpcStatus(val status: String, val done: Boolean)
