namespace FlameEdge.Diagnostics;

/// <summary>Root of the errors a user can cure; the message says what, where and what to do next.</summary>
public abstract class FlameEdgeException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>Fix the job: its topology, data or settings cannot work as written.</summary>
public sealed class TopologyException(string message, Exception? inner = null) : FlameEdgeException(message, inner);

/// <summary>Fix the data: a file is missing, broken or not what the job says it is.</summary>
public sealed class DatasetException(string message, Exception? inner = null) : FlameEdgeException(message, inner);

/// <summary>Exchange compatible models: layout, operators or shapes do not fit.</summary>
public sealed class ModelMismatchException(string message, Exception? inner = null) : FlameEdgeException(message, inner);

/// <summary>Distrust the bytes: a payload is malformed, truncated or hostile.</summary>
public sealed class PayloadException(string message, Exception? inner = null) : FlameEdgeException(message, inner);

/// <summary>Wait or reconnect: a broker or a peer cannot be reached.</summary>
public sealed class ChannelException(string message, Exception? inner = null) : FlameEdgeException(message, inner);

/// <summary>Give it room: the state folder cannot be read or written.</summary>
public sealed class StateException(string message, Exception? inner = null) : FlameEdgeException(message, inner);

/// <summary>The job was given up by its own rules: no quorum, or nobody there in time.</summary>
public sealed class JobFailedException(string message, Exception? inner = null) : FlameEdgeException(message, inner);
