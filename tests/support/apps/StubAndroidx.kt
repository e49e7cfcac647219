package androidx.lifecycle

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers

open class ViewModel

val ViewModel.viewModelScope: CoroutineScope get() = CoroutineScope(Dispatchers.Unconfined)
