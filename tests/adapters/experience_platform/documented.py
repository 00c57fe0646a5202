"""Answers as Adobe documents them, values unchanged; fields that nothing reads are kept on purpose.

Flows, connections and the two audience runs: the API reference *Flow Service - Destinations*
(https://developer.adobe.com/experience-platform-apis/references/destinations/), examples of `GET /flows/{id}`,
`/sourceConnections/{id}`, `/targetConnections/{id}` and `/runs`. The dataset run, which lacks its status and all output
counts, and the eligible datasets: *Export datasets by using the Flow Service API*
(https://experienceleague.adobe.com/en/docs/experience-platform/destinations/api/export-datasets), whose page cuts the
run off inside `entitySummaries`; the brackets are closed here. Catalog: *Look up a Catalog object*
(https://experienceleague.adobe.com/en/docs/experience-platform/catalog/api/look-up-object).
"""

DATA_LAKE = "23598e46-f560-407b-88d5-ea6207e49db0"
S3 = "4fce964d-3f37-408f-9778-e597338a21ee"

OWNED = {
    "createdBy": "example@AdobeID",
    "updatedBy": "example@AdobeID",
    "createdClient": "example_client",
    "updatedClient": "example_updated client",
    "sandboxId": "{SANDBOX_ID}",
    "sandboxName": "{SANDBOX_NAME}",
    "imsOrgId": "destinationapi@AdobeOrg",
}

FLOW = {
    "id": "7a6e996c-afcc-48ff-ab14-594321147cdd",
    "createdAt": 1658340453699,
    "updatedAt": 1658430188496,
    **OWNED,
    "name": "Documentation S3 Destination",
    "description": "Documentation S3 Destination",
    "flowSpec": {"id": "269ba276-16fc-47db-92b0-c1049a3c131f", "version": "1.0"},
    "state": "enabled",
    "version": '"050315a3-0000-0200-0000-63756c4d0000"',
    "etag": '"050315a3-0000-0200-0000-63756c4d0000"',
    "sourceConnectionIds": ["8191fc9c-1e12-44c2-8d9a-bc40f5d81c9b"],
    "targetConnectionIds": ["f1d67830-7e4a-4e8a-8564-603542d5c596"],
    "inheritedAttributes": {
        "properties": {"isDestinationFlow": True},
        "sourceConnections": [
            {
                "id": "8191fc9c-1e12-44c2-8d9a-bc40f5d81c9b",
                "connectionSpec": {"id": DATA_LAKE, "version": "1.0"},
            }
        ],
        "targetConnections": [
            {
                "id": "f1d67830-7e4a-4e8a-8564-603542d5c596",
                "connectionSpec": {"id": S3, "version": "1.0"},
                "baseConnection": {
                    "id": "6893882d-ea98-4a12-b053-2a352852a8c9",
                    "connectionSpec": {"id": S3, "version": "1.0"},
                },
            }
        ],
    },
    "scheduleParams": {"interval": 3, "timeUnit": "hour", "startTime": 1668474000},
    "transformations": [],
    "runs": "/runs?property=flowId==7a6e996c-afcc-48ff-ab14-594321147cdd",
    "lastOperation": {
        "started": 1668539534731,
        "updated": 1668539536003,
        "percentCompleted": 100,
        "status": {"value": "completed", "properties": None, "errors": []},
        "ops": [
            {"op": "replace", "path": "/sourceConnectionIds", "value": ["8191fc9c-1e12-44c2-8d9a-bc40f5d81c9b"]},
            {
                "op": "replace",
                "path": "/scheduleParams",
                "value": {"interval": 3, "timeUnit": "hour", "startTime": 1668474000},
            },
        ],
        "operation": "update",
    },
    "lastRunDetails": {
        "id": "b4de770e-c350-4b29-b2a2-8e48213d21eb",
        "state": "success",
        "startedAtUTC": 1668639801888,
        "completedAtUTC": 1668639806906,
    },
}

SOURCE = {
    "id": "dfe93ffd-4f87-49f4-b900-f57cd0dbab1a",
    "createdAt": 1659993961499,
    "updatedAt": 1659993961695,
    **OWNED,
    "name": "Data Lake Source Connection",
    "baseConnectionId": "3c7dc58e-a1ee-4e29-b3b2-a7757fb82044",
    "state": "enabled",
    "connectionSpec": {"id": DATA_LAKE, "version": "1.0"},
    "params": {
        "datasets": [
            {"dataSetId": "616d53e0a6de2719486fb024", "name": "Company Dataset"},
            {"dataSetId": "972a43e0n3fe2419923bb037", "name": "Employee Dataset"},
        ]
    },
    "version": '"24014573-0000-0200-0000-6372c91f0000"',
}

TARGET = {
    "id": "7f7c4442-4a06-48e2-96d7-eefcda766762",
    "createdAt": 1660922583694,
    "updatedAt": 1660922584231,
    **OWNED,
    "name": "(Beta) Amazon S3 Dataset Target Connection",
    "baseConnectionId": "7d354d3a-fd93-48c8-821e-c7c2d7e929da",
    "state": "enabled",
    "connectionSpec": {"id": S3, "version": "1.0"},
    "params": {
        "mode": "Server-to-server",
        "compression": "GZIP",
        "datasetFileType": "JSON",
        "path": "dataexports",
        "bucketName": "dataexportsbucket",
    },
}

EMPTY_RUN = {
    "id": "4b7728dd-83c9-4c38-95a4-24ddab545404",
    "createdAt": 1675807718296,
    "updatedAt": 1675807731834,
    "createdBy": "aep_activation_batch@AdobeID",
    "updatedBy": "acp_foundation_connectors@AdobeID",
    "createdClient": "aep_activation_batch",
    "updatedClient": "acp_foundation_connectors",
    "sandboxId": "7dfdcd30-0a09-11ea-8ea6-7bf93ce86c28",
    "sandboxName": "sand-1",
    "imsOrgId": "5555467B5D8013E50A494220@AdobeOrg",
    "flowId": "aae5ec63-b0ac-4808-9a44-abf2ea67bd5a",
    "flowSpec": {"id": "615d3489-36d2-4671-9467-4ae1129facd3", "version": "1.0"},
    "providerRefId": "ba56f98e0c49b572adb249980c39b1c7",
    "etag": '"08005e9e-0000-0200-0000-63e2cbf30000"',
    "metrics": {
        "durationSummary": {"startedAtUTC": 1675807719411, "completedAtUTC": 1675807719416},
        "sizeSummary": {"inputBytes": 0},
        "recordSummary": {
            "inputRecordCount": 0,
            "skippedRecordCount": 0,
            "sourceSummaries": [
                {
                    "id": "ea2b1205-4692-49de-b448-ebf75b1d188a",
                    "inputRecordCount": 0,
                    "skippedRecordCount": 0,
                    "entitySummaries": [],
                }
            ],
        },
    },
}

AUDIENCE_RUN = {
    "id": "e80e24c1-82de-48de-8352-b2d0fca1c392",
    "createdAt": 1659018528378,
    "updatedAt": 1659019046995,
    "createdBy": "example_id@AdobeID",
    "updatedBy": "example_id@AdobeID",
    "createdClient": "exampleClient",
    "updatedClient": "example_client",
    "sandboxId": "d9df072c-2d5c-4247-9f07-2c2d5cd247b6",
    "sandboxName": "prod",
    "imsOrgId": "F0935E09512D2C270A490D4D@AdobeOrg",
    "flowId": "df8d079d-11eb-466a-9731-6b5948a009e4",
    "flowSpec": {"id": "71471eba-b620-49e4-90fd-23f1fa0174d8", "version": "1.0"},
    "providerRefId": "fd3319ed56fdf9417d63d364a07b0105",
    "etag": '"b500a099-0000-0200-0000-62e29f270000"',
    "metrics": {
        "durationSummary": {"startedAtUTC": 1659018529865, "completedAtUTC": 1659018929923},
        "sizeSummary": {"inputBytes": 855202780, "outputBytes": 855202780},
        "recordSummary": {
            "inputRecordCount": 7823447,
            "createdRecordCount": 7808223,
            "outputRecordCount": 7808223,
            "skippedRecordCount": 15224,
            "sourceSummaries": [
                {
                    "id": "1d6b7dc0-6d54-464e-abb3-54fb9701cb29",
                    "inputRecordCount": 7823447,
                    "skippedRecordCount": 15224,
                    "entitySummaries": [
                        {
                            "id": "segment:b1cbaff7-e7c6-417e-ab54-71d302595785",
                            "inputRecordCount": 7823447,
                            "skippedRecordCount": 15224,
                        }
                    ],
                }
            ],
            "targetSummaries": [
                {
                    "id": "f876fe0d-4f6d-42e4-954c-bee1baa323eb",
                    "createdRecordCount": 7808223,
                    "outputRecordCount": 7808223,
                    "entitySummaries": [
                        {
                            "id": "segment:b1cbaff7-e7c6-417e-ab54-71d302595785",
                            "createdRecordCount": 7808223,
                            "outputRecordCount": 7808223,
                        }
                    ],
                }
            ],
            "skippedInfo": [
                {
                    "code": "ACTIVATION_BATCH-0000-SKIP",
                    "message": "Records didn't match attribute filter.",
                    "count": 15224,
                }
            ],
        },
        "fileSummary": {"inputFileCount": 2, "outputFileCount": 2},
        "statusSummary": {"status": "success", "activityRefs": ["c4f238e3-7334-4933-8b56-64d7ea43ea54"]},
    },
    "activities": [
        {
            "id": "c4f238e3-7334-4933-8b56-64d7ea43ea54",
            "name": "Activation Batch XdmProcessor Activity",
            "updatedAtUTC": 0,
            "durationSummary": {"startedAtUTC": 1659018529865, "completedAtUTC": 1659018760787},
            "latencySummary": {},
            "sizeSummary": {"inputBytes": 855202780, "outputBytes": 855202780},
            "recordSummary": {
                "inputRecordCount": 7823447,
                "createdRecordCount": 7808223,
                "outputRecordCount": 7808223,
                "skippedRecordCount": 15224,
                "skippedInfo": [
                    {
                        "code": "ACTIVATION_BATCH-0000-SKIP",
                        "message": "Records didn't match attribute filter.",
                        "count": 15224,
                    }
                ],
            },
            "fileSummary": {"inputFileCount": 2, "outputFileCount": 2},
            "statusSummary": {
                "status": "success",
                "extensions": {
                    "incremental.batchId": "01G91S0ZGJ35TG4BQSAEA5VV5A,01G91R672VMKQWQS72BJ6PQJ3H",
                    "snapshot.batchId": "01G91QNJWFWD2588D4G4GZP9G1",
                    "snapshot.datasetId": "605dbe4e89b61819495e4dff",
                    "incremental.datasetId": "60ca216861dfad1948ecac24",
                },
            },
        },
        {
            "id": "51d82b36-6b8f-11eb-9439-0242ac130002",
            "name": "Activation Batch Publisher Activity",
            "updatedAtUTC": 0,
            "durationSummary": {"startedAtUTC": 1659018767812, "completedAtUTC": 1659018929923},
            "latencySummary": {},
            "sizeSummary": {"outputBytes": 855202780},
            "recordSummary": {
                "inputRecordCount": 7808223,
                "createdRecordCount": 7808223,
                "outputRecordCount": 7808223,
                "skippedRecordCount": 0,
            },
            "fileSummary": {"outputFileCount": 2},
            "statusSummary": {"status": "success", "extensions": {}},
        },
    ],
}

FAILED_RUN = {
    "id": "850a3a02-ba0d-452a-aeb3-e9fcc8361342",
    "createdAt": 1654785125699,
    "updatedAt": 1654791389756,
    "createdBy": "exampleOrg@AdobeID",
    "updatedBy": "example_org@AdobeID",
    "createdClient": "example client",
    "updatedClient": "example_client",
    "sandboxId": "d9df072c-2d5c-4247-9f07-2c2d5cd247b6",
    "sandboxName": "prod",
    "imsOrgId": "F0935E09512D2C270A490D4D@AdobeOrg",
    "flowId": "df8d079d-11eb-466a-9731-6b5948a009e4",
    "flowSpec": {"id": "71471eba-b620-49e4-90fd-23f1fa0174d8", "version": "1.0"},
    "providerRefId": "65f8c71e5b58a54be7b97f93e11a8a8f",
    "etag": '"0e0d95ae-0000-0200-0000-62a21cdd0000"',
    "metrics": {
        "durationSummary": {"startedAtUTC": 1654785127582, "completedAtUTC": 1654791033373},
        "recordSummary": {
            "sourceSummaries": [
                {
                    "id": "1d6b7dc0-6d54-464e-abb3-54fb9701cb29",
                    "inputRecordCount": 0,
                    "skippedRecordCount": 0,
                    "entitySummaries": [
                        {
                            "id": "segment:cfa5dadb-fd73-4bab-a470-f88323c55ec7",
                            "inputRecordCount": 0,
                            "skippedRecordCount": 0,
                        }
                    ],
                }
            ],
            "failedInfo": [{"code": "ACTIVATION_BATCH-0000-FAILED", "message": "Job aborted."}],
        },
        "statusSummary": {
            "status": "failed",
            "errors": [{"code": "ACTIVATION_BATCH-0000-FAILED", "message": "Job aborted."}],
            "activityRefs": ["c4f238e3-7334-4933-8b56-64d7ea43ea54"],
        },
    },
    "activities": [
        {
            "id": "c4f238e3-7334-4933-8b56-64d7ea43ea54",
            "name": "Activation Batch XdmProcessor Activity",
            "updatedAtUTC": 0,
            "durationSummary": {"startedAtUTC": 1654785127582, "completedAtUTC": 1654791033373},
            "latencySummary": {},
            "sizeSummary": {},
            "recordSummary": {"failedInfo": [{"code": "ACTIVATION_BATCH-0000-FAILED", "message": "Job aborted."}]},
            "fileSummary": {},
            "statusSummary": {
                "status": "failed",
                "errors": [{"code": "ACTIVATION_BATCH-0000-FAILED", "message": "Job aborted."}],
                "extensions": {},
            },
        }
    ],
}

ELIGIBLE = {
    "id": "5ef3e324052581191aa6a466",
    "name": "AAM Authenticated Profiles Meta Data",
    "description": "Activation profile export dataset",
    "fileDescription": {"persisted": True, "containerFormat": "parquet", "format": "parquet"},
    "aspect": "production",
    "state": "DRAFT",
}

BASE = {
    "id": "7d354d3a-fd93-48c8-821e-c7c2d7e929da",
    "name": "Lake of exports",
    "connectionSpec": {"id": "be2c3209-53bc-47e7-ab25-145db8b873e1", "version": "1.0"},
    "auth": {
        "specName": "Azure Service Principal Auth",
        "params": {
            "url": "abfss://exports@acmelake.dfs.core.windows.net",
            "servicePrincipalId": "hunter2-id",
            "servicePrincipalKey": "hunter2-key",
            "tenant": "hunter2-tenant",
        },
    },
}
