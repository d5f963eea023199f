using System.Buffers;
using System.Security.Cryptography;
using FlameEdge.Diagnostics;
using FlameEdge.Files;

namespace FlameEdge.State;

/// <summary>Blobs as files of one folder, each named by its SHA-256.</summary>
public sealed class FileBlobStore : IBlobStore
{
    private readonly string folder;

    /// <summary>Opens or creates the folder and sweeps what an interrupted write left.</summary>
    /// <exception cref="StateException">The folder cannot be created.</exception>
    public FileBlobStore(string folder)
    {
        this.folder = folder;
        try
        {
            Directory.CreateDirectory(folder);
            foreach (var leftover in Directory.EnumerateFiles(folder, "*.tmp"))
            {
                DurableFile.TryDelete(leftover);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new StateException($"the folder {folder} cannot be used: {error.Message.TrimEnd('.')}. Choose another with --out.", error);
        }
    }

    /// <inheritdoc/>
    public ValueTask<string> PutAsync(ReadOnlySequence<byte> content, CancellationToken cancellationToken)
    {
        var body = MappedBody.Of(content);
        var hash = body?.Sha256 ?? HashOf(content);
        var path = PathOf(hash);
        if (File.Exists(path) || (body is not null && DurableFile.TryName(body.File, path)))
        {
            // What arrived in a file becomes the blob itself: nothing is copied.
            return new(hash);
        }

        DurableFile.Write(path, content);

        return new(hash);
    }

    /// <inheritdoc/>
    public async ValueTask<byte[]?> ReadAsync(string hash, CancellationToken cancellationToken)
    {
        try
        {
            var bytes = await File.ReadAllBytesAsync(PathOf(hash), cancellationToken);
            if (Convert.ToHexStringLower(SHA256.HashData(bytes)) == hash)
            {
                return bytes;
            }

            // Torn by a failing disk: as good as absent, and in the way of a new copy.
            DurableFile.TryDelete(PathOf(hash));
            return null;
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public ValueTask<StoredBlob?> OpenAsync(string hash, CancellationToken cancellationToken)
    {
        var path = PathOf(hash);
        if (!File.Exists(path))
        {
            return new((StoredBlob?)null);
        }

        var file = File.OpenHandle(path);
        var length = RandomAccess.GetLength(file);
        if (length == 0)
        {
            file.Dispose();
            return new(new StoredBlob(default));
        }

        var body = new MappedBody(file, length);
        return new(new StoredBlob(body.ToSequence(), new Opened(body, file)));
    }

    /// <inheritdoc/>
    public ValueTask DeleteAsync(string hash, CancellationToken cancellationToken)
    {
        DurableFile.TryDelete(PathOf(hash));
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<string>> ListAsync(CancellationToken cancellationToken) =>
        new([.. Directory.EnumerateFiles(folder).Select(path => Path.GetFileName(path)).Where(IsHash)]);

    private static string HashOf(ReadOnlySequence<byte> content)
    {
        using var hasher = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var segment in content)
        {
            hasher.AppendData(segment.Span);
        }

        return Convert.ToHexStringLower(hasher.GetHashAndReset());
    }

    private static bool IsHash(string? name) => name is { Length: 64 } && name.All(char.IsAsciiHexDigitLower);

    private string PathOf(string hash) =>
        IsHash(hash) ? Path.Combine(folder, hash) : throw new ArgumentException($"'{hash}' is not a SHA-256 in lower-case hex", nameof(hash));

    private sealed class Opened(MappedBody body, Microsoft.Win32.SafeHandles.SafeFileHandle file) : IDisposable
    {
        public void Dispose()
        {
            body.Dispose();
            file.Dispose();
        }
    }
}
